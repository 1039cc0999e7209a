/**
 * Mocha loads a test with require() where Node can do that for ES modules, and tsx then turns everything the test
 * imports into CommonJS. That is not how the program runs: imports that fail in production succeed, top-level
 * await does not exist, and a module imported both ways exists twice. Mocha asks this flag, so the answer is no.
 */
Object.defineProperty(process.features, "require_module", { value: false });
