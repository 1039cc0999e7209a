/** k6 has a console; its types leave that to those of a browser, which promise much that k6 has not. */
declare const console: { error(message: string): void };
