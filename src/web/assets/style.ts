/** The style sheet of all pages. */
export const STYLE = `:root{color-scheme:light dark;
--back:#f6f7f9;--card:#fff;--text:#1b2129;--muted:#566070;--line:#d9dee5;--accent:#0a5bb5;--on-accent:#fff;--soft:#e8f0fa;--bad:#a5161d;--bad-back:#fdecec;--good:#16703a;--new:#fff7df;
--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;--mono:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
@media (prefers-color-scheme:dark){:root{
--back:#0f1318;--card:#171c23;--text:#e5eaf0;--muted:#9ba7b6;--line:#2c343f;--accent:#75b5ff;--on-accent:#0b1622;--soft:#1b2a3c;--bad:#ff9d9d;--bad-back:#3a1a1d;--good:#66d18f;--new:#2e2a17}}
*{box-sizing:border-box}
html{font:100%/1.5 var(--sans);background:var(--back);color:var(--text);-webkit-text-size-adjust:100%}
body{margin:0;overflow-wrap:anywhere;min-height:100vh;display:flex;flex-direction:column}
main,.top,.bottom{width:100%;max-width:76rem;margin:0 auto;padding:0 1.25rem}
main{flex:1;padding-block:1.5rem 3rem}
main:focus{outline:none}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 1rem;letter-spacing:-.01em}
h2{font-size:1.05rem;margin:2rem 0 .6rem}
h3{font-size:1rem;line-height:1.4;margin:0}
h1,h2,h3,.snippet,.text,pre{unicode-bidi:plaintext}
p{margin:.5rem 0}
a{color:var(--accent);text-underline-offset:.15em;text-decoration-thickness:1px}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:3px}
small,.facts,.bottom,.found{color:var(--muted);font-size:.875rem}
.mono,code,pre{font-family:var(--mono);font-size:.8125rem}
.hidden,.skip:not(:focus){position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
[hidden]{display:none!important}
.skip:focus{position:absolute;z-index:1;margin:.5rem;padding:.5rem 1rem;background:var(--card);border-radius:6px}
.top{display:flex;flex-wrap:wrap;align-items:center;gap:.25rem 1.25rem;padding-block:.8rem;border-bottom:1px solid var(--line)}
.brand{display:inline-flex;align-items:center;gap:.55rem;font-weight:650;color:inherit;text-decoration:none}
.crumbs{display:flex;flex-wrap:wrap;margin:0;padding:0;list-style:none;font-size:.9375rem}
.crumbs li+li::before{content:"/";margin:0 .5rem;color:var(--muted)}
.crumbs [aria-current]{color:var(--muted);max-width:24rem;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.crumbs li{min-width:0;display:flex}
.bottom{padding-block:1rem 1.5rem;border-top:1px solid var(--line)}
.heading{margin-bottom:1rem}.heading h1{margin:0}.heading p{margin:.15rem 0;color:var(--muted)}
.columns{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,24rem);gap:2.25rem;align-items:start}
.log>:first-child,aside>:first-child{margin-top:0}
input,select,textarea,button{font:inherit;font-size:.9375rem;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:6px;padding:.4rem .65rem;min-width:0}
input,select,textarea{border-color:color-mix(in srgb,var(--muted) 70%,transparent)}
::placeholder{color:var(--muted);opacity:1}
button{cursor:pointer;font-weight:550}
button:hover{border-color:var(--accent);color:var(--accent)}
button.main{background:var(--accent);border-color:var(--accent);color:var(--on-accent);padding-inline:1.2rem}
button.main:hover{filter:brightness(1.08)}
button:disabled{opacity:.6;cursor:default}
label{font-size:.875rem;font-weight:550}
.tools{display:flex;flex-wrap:wrap;gap:.6rem 1.5rem;margin:1rem 0;align-items:center}
.inline{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem}
.inline input{width:11.5rem}.inline select{max-width:11rem}
.card,.publish,.empty{background:var(--card);border:1px solid var(--line);border-radius:10px}
.card>summary{padding:.65rem 1rem;font-weight:600;cursor:pointer;border-radius:10px}
.card[open]>summary{border-bottom:1px solid var(--line);border-radius:10px 10px 0 0}
.card>.publish{border:0}
.publish{display:grid;grid-template-columns:1fr 1fr;gap:.8rem 1rem;padding:1rem}
.field{grid-column:1/-1;display:flex;flex-direction:column;gap:.25rem}.field.half{grid-column:auto}
.field button{align-self:flex-start}
textarea{resize:vertical;font-family:var(--mono);font-size:.875rem}
.empty{padding:1.5rem;color:var(--muted);text-align:center}.empty .copyable{text-align:start;max-width:44rem;margin-inline:auto;color:var(--text)}.empty pre{background:var(--back)}
.alert{background:var(--bad-back);color:var(--bad);border-radius:8px;padding:.65rem 1rem}
table.feeds{width:100%;border-collapse:separate;border-spacing:0;background:var(--card);border:1px solid var(--line);border-radius:10px}
.feeds th,.feeds td{padding:.6rem 1rem;text-align:start;border-bottom:1px solid var(--line);font-weight:400;vertical-align:middle}
.feeds tbody tr:last-child>*{border-bottom:0}
.feeds thead th{font-size:.8125rem;color:var(--muted);font-weight:550}
.feeds thead a{color:inherit;text-decoration-color:var(--line)}.feeds thead a:hover{text-decoration-color:currentcolor}
.feeds [aria-sort]{color:var(--text)}.feeds [aria-sort]>a::after{content:" ↓"}.feeds [aria-sort=ascending]>a::after{content:" ↑"}
.feeds tbody th a{font-weight:600;text-decoration:none}.feeds tbody th a:hover{text-decoration:underline}
.feeds .number{text-align:end}
.number,.rate,.when,time{font-variant-numeric:tabular-nums}
.when{white-space:nowrap;color:var(--muted);font-size:.875rem}
.rate{white-space:nowrap}.rate>span{display:inline-block;min-width:4.5ch;text-align:end;margin-inline-end:.5rem}
.spark{vertical-align:middle;fill:var(--accent);height:1.5rem;width:7.4rem}
.feeds tr{transition:background-color 1s}.feeds tr.pulse{background:var(--new);transition:none}
.entries{list-style:none;margin:0;padding:0;background:var(--card);border:1px solid var(--line);border-radius:10px}
.entries:empty{display:none}
.entry{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:.1rem 1rem;align-items:baseline;padding:.75rem 1rem;transition:background-color 2s}
.entry>*{grid-column:1/-1}.entry>h3{grid-column:1}.entry>.facts{grid-column:2;text-align:end}
.entry+.entry{border-top:1px solid var(--line)}
.entry.new{background:var(--new);transition:none}
.entry h3 a{text-decoration:none}.entry h3 a:hover{text-decoration:underline}
.entry p{margin:.1rem 0}.entry .tags{margin-top:.3rem}.entry.gone{color:var(--muted)}
.snippet{display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:3;overflow:hidden}
.tags,.forms{display:flex;flex-wrap:wrap;gap:.35rem .5rem;margin:.45rem 0 0;padding:0;list-style:none}
.tags:empty{display:none}
.tags a,.forms a{display:inline-block;padding:.1rem .6rem;border-radius:99px;background:var(--soft);font-size:.8125rem;text-decoration:none}
.tags a:hover,.forms a:hover{text-decoration:underline}
.paging{display:flex;gap:1rem;margin:1.25rem 0}.paging a[rel=next]{margin-inline-start:auto}
.live{margin:0;font-size:.875rem;font-weight:550;color:var(--muted)}
.live::before{content:"";display:inline-block;width:.6rem;height:.6rem;border-radius:50%;margin-inline-end:.45rem;background:var(--muted)}
.live.on{color:var(--good)}.live.on::before{background:var(--good)}
.live-bar{display:flex;align-items:center;gap:1rem;margin:0 0 .6rem;min-height:1.5rem}
.live-bar button{padding:.1rem .7rem;font-size:.8125rem}
dl.facts{margin:0 0 1rem;display:grid;gap:.3rem}dl.facts>div{display:grid;grid-template-columns:7rem minmax(0,1fr);gap:.75rem}
dt{color:var(--muted)}dd{margin:0;color:var(--text)}
article{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1.25rem}
article .summary{font-size:1.0625rem}.text{white-space:pre-wrap}
.links{padding-inline-start:1.2rem;font-size:.9375rem}
iframe.content{display:block;width:100%;border:1px solid var(--line);border-radius:8px;margin:1rem 0;resize:vertical;overflow:auto;min-height:5rem;max-height:150vh;background:var(--card)}
.preview{display:block;max-width:100%;max-height:32rem;border-radius:8px;border:1px solid var(--line)}
.copyable{position:relative;margin:.6rem 0}
.copyable pre{margin:0;padding:.75rem 1rem;background:var(--card);border:1px solid var(--line);border-radius:8px;overflow:auto;max-height:24rem;white-space:pre-wrap}
article .copyable pre{background:var(--back)}
.copy{position:absolute;inset-block-start:.4rem;inset-inline-end:.4rem;padding:.05rem .6rem;font-size:.8125rem}
.consume details{border-top:1px solid var(--line)}.consume details:last-child{border-bottom:1px solid var(--line)}
.consume summary{padding:.5rem 0;cursor:pointer;font-weight:550}
.consume p{color:var(--muted);font-size:.875rem}
@media (max-width:56rem){.columns{grid-template-columns:minmax(0,1fr);gap:1rem}}
@media (max-width:40rem){
main,.top,.bottom{padding-inline:.9rem}
.wide,.spark,.hour,.rate{display:none}
.feeds th,.feeds td{padding:.6rem .7rem}
.when{white-space:normal}
.publish{grid-template-columns:1fr}.inline{width:100%}.inline label:not(.hidden){width:100%}.inline input,.inline select{flex:1 1 7rem;width:6rem;max-width:none}.inline input:has(~select){flex-basis:100%}
.entry{grid-template-columns:minmax(0,1fr)}.entry>.facts{grid-column:1;text-align:start}
dl.facts>div{grid-template-columns:5.5rem minmax(0,1fr)}
.crumbs [aria-current]{max-width:14rem}}
@media (prefers-reduced-motion:reduce){*{transition:none!important}}
@media print{.tools,.publish,.card,.copy,.live-bar{display:none}}
`;
