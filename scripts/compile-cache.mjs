// Loaded before anything else: what this process and those that it starts compile, TypeScript without its types included, is
// kept beside what is installed. Hundreds of test files, each a process, would else do the same work again.
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../node_modules/.cache/skykey', import.meta.url));
module.enableCompileCache(folder);
process.env.NODE_COMPILE_CACHE = folder;
