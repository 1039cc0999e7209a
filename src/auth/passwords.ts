/**
 * Passwords as argon2id, hashed on libuv's threads behind a bounded line.
 *
 * One hash takes 19 MiB and some ten milliseconds of a core, so a surge of logins must be refused at the door
 * instead of piling up memory and delay. Few run at once: libuv has four threads, and files and DNS need some.
 */
import { randomBytes } from "node:crypto";
import { hash as argon2Hash, verify as argon2Verify, type Options } from "@node-rs/argon2";

/** OWASP's minimum for argon2id: 19 MiB, two passes, one lane (argon2id is this library's default variant). */
const PARAMETERS: Options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export interface HashingBounds {
  /** Hashes computed at the same time. */
  readonly concurrency: number;
  /** Hashes that may wait for their turn; one more is refused. */
  readonly waiting: number;
}

export const DEFAULT_BOUNDS: HashingBounds = { concurrency: 2, waiting: 100 };

export type Busy = { readonly ok: false; readonly reason: "BUSY" };
const BUSY: Busy = { ok: false, reason: "BUSY" };

export interface PasswordHasher {
  hash(password: string): Promise<{ readonly ok: true; readonly hash: string } | Busy>;
  /** @param hash null when there is no such account: it costs the same and never matches. */
  verify(
    hash: string | null,
    password: string,
  ): Promise<{ readonly ok: true; readonly matches: boolean } | Busy>;
  /** Makes what `verify(null, …)` compares with, so that the first such call costs no more than the others. */
  prepare(): Promise<void>;
}

/** @param onChange hears how many hashes wait or run. */
export function createPasswordHasher(
  bounds: HashingBounds,
  onChange: (count: number) => void,
): PasswordHasher {
  const line = createLine(bounds, onChange);
  let decoy: Promise<string> | undefined;
  const decoyHash = () => {
    decoy ??= argon2Hash(randomBytes(32), PARAMETERS);
    return decoy;
  };
  return {
    async hash(password) {
      const running = line(() => argon2Hash(canonical(password), PARAMETERS));
      return running ? { ok: true, hash: await running } : BUSY;
    },
    async verify(hash, password) {
      const running = line(async () => argon2Verify(hash ?? (await decoyHash()), canonical(password)));
      if (!running) return BUSY;
      const matches = await running;
      return { ok: true, matches: matches && hash !== null };
    },
    async prepare() {
      await decoyHash();
    },
  };
}

/** Keyboards compose the same letters differently (NIST SP 800-63B asks for one form before hashing). */
function canonical(password: string): string {
  return password.normalize("NFKC");
}

type Line = <T>(work: () => Promise<T>) => Promise<T> | null;

/** Runs works in turn, first come first served; null when the line is full. */
function createLine({ concurrency, waiting }: HashingBounds, onChange: (count: number) => void): Line {
  const turns: (() => void)[] = [];
  let running = 0;

  async function run<T>(work: () => Promise<T>): Promise<T> {
    if (running < concurrency) running += 1;
    else await new Promise<void>((resolve) => turns.push(resolve));
    try {
      return await work();
    } finally {
      // The place is handed on, not given back, so that a newcomer can't slip in before the one who waits.
      const next = turns.shift();
      if (next) next();
      else running -= 1;
      onChange(running + turns.length);
    }
  }

  return (work) => {
    if (running >= concurrency && turns.length >= waiting) return null;
    const result = run(work);
    onChange(running + turns.length);
    return result;
  };
}
