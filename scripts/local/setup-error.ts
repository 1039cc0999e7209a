/** A machine that is not ready; the message is one sentence that says what to do, and is all a person should see. */
export class SetupError extends Error {
  override readonly name = "SetupError";
}

/** Where set-up says what it does to the machine. */
export type Say = (line: string) => void;

export const sayNothing: Say = () => undefined;
