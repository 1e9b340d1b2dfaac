/** A value that cannot be used; the message goes on from the option's name: `port must be …`. */
export class BadValue extends Error {}
