/** The style sheet of content that was published, in its frame. */
export const CONTENT_STYLE = `:root{color-scheme:light dark}
body{margin:.75rem 1rem;font:1rem/1.55 system-ui,sans-serif;overflow-wrap:anywhere;background:Canvas;color:CanvasText}
img{max-width:100%;height:auto}
pre{overflow:auto;white-space:pre-wrap}
table{border-collapse:collapse}td,th{border:1px solid GrayText;padding:.25rem .5rem;text-align:start}
blockquote{margin-inline:0;padding-inline-start:1rem;border-inline-start:3px solid GrayText}
body>:first-child{margin-block-start:0}body>:last-child{margin-block-end:0}
`;
