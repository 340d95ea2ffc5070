// The layers of the house: data flows left to right, imports point right to left (`npm run layers`).
const { existsSync, readFileSync } = require('node:fs');

const ORDER = [
  'bits',
  'kernels',
  'orbit',
  'optics',
  'photons',
  'scenario',
  'finitekey',
  'alarm',
  'lab',
  'planner',
  'distill',
  'vault',
  'kme',
  'hotline',
  'validation',
  'telemetry',
  'client',
  'conformance',
  'node',
  'console',
  'cli',
];
/** Node built-ins that a core may import: what is computation or local storage by the design, never clock or network. */
const BUILT_INS = { vault: ['sqlite', 'crypto'], kme: ['crypto'], hotline: ['crypto'] };
const OUTER = ['client', 'conformance', 'node', 'cli'];

const TEST = '\\.(test|bench)\\.tsx?$|/test/';
const manifest = (folder) => JSON.parse(readFileSync(`${__dirname}/${folder}/package.json`, 'utf8'));
const any = (names) => (names.length ? `(${names.join('|')})` : '(?!)');
const literal = (name) => name.replace(/[.\\/]/g, '\\$&');
const shipped = (name) => ({ path: `^packages/${name}/(src|bin)/`, pathNot: TEST });
const npmTypes = ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-bundled', 'npm-no-pkg', 'npm-unknown'];
const rootDev = Object.keys(manifest('.').devDependencies);
/** Types are erased before anything runs, so the workspace root may declare them for all. */
const rootTypes = rootDev.filter((module) => module.startsWith('@types/'));

const rules = ORDER.filter((name) => existsSync(`${__dirname}/packages/${name}`)).flatMap((name) => {
  const left = ORDER.slice(0, ORDER.indexOf(name)).filter((other) => name === 'cli' || !OUTER.includes(other));
  const reach = [name, ...left.filter((other) => other !== 'console')];
  const declared = Object.keys(manifest(`packages/${name}`).dependencies ?? {});
  const workspaces = [name, ...declared.filter((d) => d.startsWith('@skykey/')).map((d) => d.slice('@skykey/'.length))];
  return [
    {
      name: `${name}-imports-to-its-left`,
      comment: `packages/${name} may import ${reach.slice(1).join(', ') || 'no other package'}: move what is needed to the left`,
      severity: 'error',
      from: { path: `^packages/${name}/` },
      to: { path: '^packages/', pathNot: `^packages/${any(reach)}/` },
    },
    {
      name: `${name}-declares-packages`,
      comment: `packages/${name} imports a workspace package that its package.json does not declare`,
      severity: 'error',
      from: shipped(name),
      to: { path: '^packages/', pathNot: `^packages/${any(workspaces)}/` },
    },
    {
      name: `${name}-declares-modules`,
      comment: `packages/${name} imports an npm package that its package.json does not declare`,
      severity: 'error',
      from: shipped(name),
      to: {
        dependencyTypes: npmTypes,
        pathNot: `node_modules/((@types/)?${any(declared.map(literal))}|${any(rootTypes.map(literal))})/`,
      },
    },
    {
      name: `${name}-declares-modules-for-tests`,
      comment: 'tests, benches and build files may also use what the workspace root declares for development',
      severity: 'error',
      from: { path: `^packages/${name}/`, pathNot: shippedAlone(name) },
      to: {
        dependencyTypes: npmTypes,
        pathNot: `node_modules/(@types/)?${any([...declared, ...rootDev].map(literal))}/`,
      },
    },
    ...(OUTER.includes(name)
      ? []
      : [
          {
            name: `${name}-without-io`,
            comment: `a core has its clock, randomness, disk and network handed in; packages/${name} may import from Node: ${BUILT_INS[name]?.join(', ') ?? 'nothing'}`,
            severity: 'error',
            from: shipped(name),
            to: { dependencyTypes: ['core'], pathNot: `^(node:)?${any(BUILT_INS[name] ?? [])}$` },
          },
        ]),
  ];
});

/** Files of `src` and `bin` that are not tests: those follow the stricter rule. */
function shippedAlone(name) {
  return `^packages/${name}/(src|bin)/(?!.*(${TEST}))`;
}

module.exports = {
  forbidden: [
    ...rules,
    {
      name: 'known-package',
      comment: 'a new package takes its place in ORDER of .dependency-cruiser.cjs first',
      severity: 'error',
      from: { path: '^packages/', pathNot: `^packages/${any(ORDER)}/` },
      to: {},
    },
    {
      name: 'no-circles',
      comment: 'two files that import each other are one thing, or hide a third',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'index-only',
      comment: 'import another package by its name: its index.ts is all it promises, and what its exports name besides',
      severity: 'error',
      from: { path: '^packages/([^/]+)/' },
      to: {
        path: '^packages/([^/]+)/',
        pathNot: [
          '^packages/$1/',
          '^packages/[^/]+/src/index\\.ts$',
          '^packages/hotline/src/(media|trial)/index\\.ts$',
        ],
      },
    },
    {
      name: 'resolvable',
      comment: 'this import leads nowhere',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^packages/[^/]+/dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.d.ts'],
    },
  },
};
