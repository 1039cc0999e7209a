/** Tells a Prometheus whom to scrape while a run lasts, by the file that its `file_sd_configs` watch. */
import { rename, writeFile } from "node:fs/promises";
import type { Member, OwnHouse } from "../house.ts";

export interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** The jobs are those that the boards and alerts ask for; processes go by their names, for a port tells nothing. */
export function scrapeTargets({
  gateways,
  workers,
}: {
  readonly gateways: readonly Pick<Member, "name" | "metrics">[];
  readonly workers: readonly Pick<Member, "name" | "metrics">[];
}): TargetGroup[] {
  const groups = (job: string, members: readonly Pick<Member, "name" | "metrics">[]) =>
    members.map(({ name, metrics }) => ({ targets: [metrics.host], labels: { job, instance: name } }));
  return [...groups("fastpass-gateway", gateways), ...groups("fastpass-worker", workers)];
}

export const tellScrape = (file: string, house: OwnHouse) => write(file, scrapeTargets(house));

/** When the run is over: what is gone is no process that is down. */
export const endScrape = (file: string) => write(file, []);

/** In one step, because Prometheus reads the file as soon as it changes. */
async function write(file: string, groups: readonly TargetGroup[]): Promise<void> {
  await writeFile(`${file}.new`, `${JSON.stringify(groups, null, 2)}\n`);
  await rename(`${file}.new`, file);
}
