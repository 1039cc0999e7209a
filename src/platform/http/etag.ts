/** Entity tags: what a client already has (If-None-Match), what it believes it is changing (If-Match). RFC 9110, 13.1. */

/** Whether the client's copy is current, so that 304 suffices. Weak comparison, as that header asks for. */
export function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === "*") return true;
  const strong = etag.replace(/^W\//, "");
  return tagsIn(ifNoneMatch).some((tag) => tag.replace(/^W\//, "") === strong);
}

export function versionEtag(version: number): string {
  return `"${version}"`;
}

/**
 * The versions that an If-Match header allows; null when any will do.
 * Weak and foreign tags allow none: that header compares strongly.
 */
export function versionsIn(ifMatch: string | undefined): readonly number[] | null {
  if (ifMatch === undefined || ifMatch.trim() === "*") return null;
  return tagsIn(ifMatch).flatMap((tag) => {
    const version = /^"(\d{1,15})"$/.exec(tag)?.[1];
    return version === undefined ? [] : [Number(version)];
  });
}

function tagsIn(header: string): string[] {
  return header.match(/(?:W\/)?"[^"]*"/g) ?? [];
}
