/** A start that cannot work; the message is one sentence with what to do. */
export class StartError extends Error {
  override readonly name = "StartError";
}
