/** The pages for people; loaded when the first of them is asked for. */
export { streamActivity } from './activity.js';
export { readAsset } from './assets.js';
export { categoriesPage } from './categories.js';
export { entryPage } from './entry.js';
export { errorPage } from './error.js';
export { feedPage } from './feed.js';
export { feedsPage } from './feeds.js';
export { publishByForm } from './publish.js';
