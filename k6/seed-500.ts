/** 500 virtual users post reservations at once. */
import { post, seedOptions, seedSummary } from "./lib/seed.ts";

export const options = seedOptions(150);
export default post;
export const handleSummary = seedSummary;
