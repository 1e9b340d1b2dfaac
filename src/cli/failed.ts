/** What a command was asked and could not do, in one line for people. */
export class Failed extends Error {}
