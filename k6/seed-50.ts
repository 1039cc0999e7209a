/** 50 virtual users post reservations at once. */
import { post, seedOptions, seedSummary } from "./lib/seed.ts";

export const options = seedOptions(15);
export default post;
export const handleSummary = seedSummary;
