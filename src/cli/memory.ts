/** How a server that runs for long uses the memory that it had before. */

/** Larger than a page of a feed, and than what a database gives for it; in bytes. */
const LARGE = 8 * 1024 * 1024;

/**
 * Lets large pieces of memory that are free be used again. The C library of most Linux systems gives them back to the kernel
 * at once, and takes the next one like it anew, at the cost of a fault for each 4 KiB of it, until a piece of such a size
 * was freed once (`M_MMAP_THRESHOLD` in mallopt(3)). This one is freed with the next garbage and, as nobody writes to it,
 * takes no memory. Where memory is kept in another way it does nothing.
 */
export function reuseLargePieces(): void {
  Buffer.allocUnsafeSlow(LARGE);
}
