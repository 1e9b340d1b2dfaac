/** The icon: entries in a row, and the next one on its way. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0a5bb5"/>
<path d="M7 10h18M7 16h12M7 22h18" stroke="#fff" stroke-width="3" stroke-linecap="round" fill="none"/><circle cx="25" cy="16" r="2.6" fill="#ffc53d"/></svg>
`;
