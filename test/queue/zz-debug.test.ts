import { tellStory } from "./simulation/story.ts";
import { openHouse } from "./support.ts";

it("debug", async () => {
  const house = await openHouse();
  const seed = Number(process.env.SEED);
  const end = await tellStory(house, { seed, fans: 400, ticks: 400 });
  const rows = (
    await house.db.raw(
      `select number, epoch, tick, (at_micros-1893456000000000)/1000 as ms, kind, left(ticket_id::text,6) t, user_id, sequence, lane, case when kind='configure' then concat_ws(' ', data->>'change', data->>'paused', data->'settings'->>'arrivalSeconds', data->>'version') else left(data::text,${process.env.W ?? 60}) end d from queue_journal where ${process.env.WHERE} order by number`,
    )
  ).rows;
  for (const r of rows) process.stdout.write(Object.values(r).join(" ") + "\n");
  process.stdout.write(JSON.stringify(end.violations.slice(0, 8), null, 1) + "\n");
  await house.close();
}).timeout(60000);
