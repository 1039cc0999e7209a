/** What a fan does about a place in line: join, follow, reload, look, leave, and hear how it ended. */
import { Broken, Stopped } from "./api.ts";
import { createPlace, type Place } from "./place.ts";
import type { TicketView } from "./story.ts";
import { clicked, type Fan, sleep, type World } from "./world.ts";

/** Within this everybody must have heard of the end of their ticket. */
const TOLD_WITHIN_MS = 45_000;
const STATUS_FRESH_WITHIN_MS = 4_000;
const MOST_ATTEMPTS = 10;
/** A request that took longer than this was held up on our side or the machine is very busy. */
const SLOW_MS = 3_000;

/** @returns null when everything is sold. */
export async function join(
  world: World,
  { index, account, plan, record }: Fan,
  round: number,
): Promise<Place | null> {
  const { api, ledger, queueId } = world;
  let twice = plan.doubles.join && round === 0;
  let wasTaken = false;
  for (;;) {
    const [answer, twin] = await clicked(twice, (which) =>
      api.call<TicketView>("join", {
        method: "POST",
        path: `/queues/${queueId}/tickets`,
        token: account.accessToken,
        gateway: index + which,
      }),
    );
    if (answer.code === "QUEUE_NOT_OPEN" && Date.now() < world.opensAt + 1_000) {
      ledger.count("came too early");
      // Of two clicks around the opening the second may have been taken.
      wasTaken = twin !== undefined && twin.code === null;
      twice = twice && !wasTaken;
      await sleep(world, world.opensAt - Date.now() + 50);
      continue;
    }
    if (answer.code === "SOLD_OUT") {
      record.refusedAsSoldOut = true;
      return null;
    }
    if (answer.status !== 201 && answer.status !== 200) throw api.surprise(answer);
    ledger.count("joined");
    if (twin) {
      ledger.count("double joins");
      const statuses = [answer.status, twin.status].sort().join(" and ");
      if (twin.body.ticketId !== answer.body.ticketId || statuses !== "200 and 201") {
        world.complain("one place an account", `a double click on join was answered ${statuses}`);
      }
    } else if (answer.status === 200 && !wasTaken)
      throw api.surprise(answer, "a place was there before joining");
    const place = createPlace(
      {
        api,
        streams: world.streams,
        ledger,
        arrivalSeconds: world.scenario.arrivalSeconds,
        complain: world.complain,
      },
      account.userId,
      answer.body,
      Date.now(),
    );
    record.stories.push(place.story);
    return place;
  }
}

/**
 * Opens the stream, again and again if need be: a page does not give up on a gateway that restarts. While none is
 * open it polls, just often enough for the fan to count as present.
 */
export async function follow(world: World, fan: Fan, place: Place): Promise<void> {
  for (let attempt = 0; place.isLive && attempt < MOST_ATTEMPTS; attempt += 1) {
    const opening = place.follow(fan.index + attempt);
    while (!(await openedWithin(opening, 2 * place.pollAfterSeconds * 1_000))) {
      if (world.signal.aborted) throw new Stopped();
      await look(world, fan, place);
      // The turn has come: the stream may open beside it.
      if (place.state !== "waiting" && place.state !== "deferred") return;
    }
    if (await opening) return;
    world.ledger.count("streams lost");
    await sleep(world, fan.random.between(100, 1_000));
  }
  if (place.isLive) world.complain("streams stay open", `ticket ${place.story.ticketId} got none`);
}

/** @returns false when it was not decided within the time. */
async function openedWithin(opening: Promise<boolean>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  const decided = await Promise.race([opening.then(() => true), late]);
  clearTimeout(timer);
  return decided;
}

/** The page is loaded anew: its sockets are gone for a moment, and it asks for the place it has. */
export async function reload(world: World, fan: Fan, place: Place): Promise<void> {
  const { api, ledger, queueId } = world;
  place.shut();
  await sleep(world, fan.random.between(80, 700));
  await look(world, fan, place);
  if (!place.isLive) return;
  const lookedAt = Date.now();
  if (fan.random.chance(0.5)) {
    const answer = await api.call<TicketView>("join", {
      method: "POST",
      path: `/queues/${queueId}/tickets`,
      token: fan.account.accessToken,
    });
    if (answer.code === "SOLD_OUT") {
      fan.record.refusedAsSoldOut = true;
      await look(world, fan, place);
      return;
    }
    if (answer.status === 201 && Date.now() - lookedAt > SLOW_MS) {
      // We were away for too long, and the place with us: that says nothing about the line.
      ledger.count("stories cut short by a slow machine");
      throw new Broken("the request waited here for too long");
    }
    if (answer.status !== 200) throw api.surprise(answer, "joining again did not find the place");
    ledger.count("joins that found their place");
    place.see(answer.body);
  }
  ledger.count("reloads");
  if (fan.plan.follows !== "poll") await follow(world, { ...fan, index: fan.index + 1 }, place);
}

export async function look(world: World, { account }: Fan, place: Place): Promise<void> {
  const path = `/queues/${world.queueId}/tickets/me`;
  const answer = await world.api.call<TicketView>("place", {
    method: "GET",
    path,
    token: account.accessToken,
  });
  if (answer.status !== 200) throw world.api.surprise(answer);
  place.see(answer.body);
}

export async function leave(world: World, { account }: Fan, place: Place): Promise<void> {
  // Noted before: the stream may say so sooner than the answer comes.
  place.story.leftAt = Date.now();
  const path = `/queues/${world.queueId}/tickets/me`;
  const answer = await world.api.call("leave", { method: "DELETE", path, token: account.accessToken });
  if (answer.status !== 204) throw world.api.surprise(answer);
  world.ledger.count("left");
}

/** Waits until the fan has heard how the ticket ended. */
export async function told(world: World, fan: Fan, place: Place): Promise<void> {
  const polls = fan.plan.follows === "poll";
  const deadline = Date.now() + TOLD_WITHIN_MS;
  while (place.isLive && Date.now() < deadline) {
    if (world.signal.aborted) throw new Stopped();
    await place.changed(polls ? place.pollAfterSeconds * 1_000 : 2_000);
    if (polls) await look(world, fan, place);
    else if (place.isLive && !place.isFollowed) await follow(world, fan, place);
  }
}

/** A view says that a ticket ended, not why: who has no stream looks at the queue, whose picture may be a second old. */
export async function askWhy(world: World, place: Place): Promise<void> {
  const deadline = Date.now() + STATUS_FRESH_WITHIN_MS;
  const path = `/queues/${world.queueId}`;
  while (place.story.told === null && Date.now() < deadline) {
    const { body } = await world.api.call<{ phase: string }>("queue", { method: "GET", path });
    if (body.phase === "sold_out" || body.phase === "closed")
      place.story.told = { end: body.phase, at: Date.now() };
    else await sleep(world, 500);
  }
}
