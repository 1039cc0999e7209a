/** @returns whether there was something to do. @throws when the pages can't be built. */
export function ensurePages(root?: string): Promise<boolean>;
