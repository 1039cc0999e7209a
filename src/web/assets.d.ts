/** What the build makes of an import that is no code. */
declare module "*.css";
