/** 50 virtual users post reservations at once. */
import { post, seedOptions, seedSummary, warmUp } from "./lib/seed.ts";

export const options = seedOptions(15);
export { warmUp };
export default post;
export const handleSummary = seedSummary;
