/** Cursor-paged lists: one row more than asked for is read, which tells whether there is a next page. */
import { Problem } from "../errors.ts";
import { decodeCursor, encodeCursor, type Page } from "./schemas.ts";

/**
 * The id after which the page begins; null: at the start.
 * @throws Problem VALIDATION_FAILED for a cursor we did not make.
 */
export function startOf({ cursor }: Page): string | null {
  if (cursor === undefined) return null;
  const id = decodeCursor(cursor);
  if (id !== null) return id;
  const message = "cursor must be the nextCursor of an earlier page";
  throw new Problem("VALIDATION_FAILED", { detail: message, errors: [{ path: "cursor", message }] });
}

/** @param rows up to `limit` + 1 of them, in the order of the list. */
export function cutPage<T extends { readonly id: string }>(
  rows: readonly T[],
  limit: number,
): { items: T[]; nextCursor: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last ? encodeCursor(last.id) : null };
}
