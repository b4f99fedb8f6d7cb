// Walls between packages and layers: parses every source file and compares its imports with architecture.json.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { parseSync } from "oxc-parser";

const COMPOSITION = /^(index|server|embedded|main|recorder-entry)(\.|$)/;
const TEST_FILE = /\.(test|testing|bench)\.tsx?$/;
const BUILTIN = new Set(builtinModules);

/** Every module a source imports: static, re-export, type-only, and dynamic with a literal. */
export function importsOf(path, text) {
  const { module } = parseSync(path, text);
  const found = module.staticImports.map((item) => item.moduleRequest.value);
  for (const item of module.staticExports)
    for (const entry of item.entries) if (entry.moduleRequest) found.push(entry.moduleRequest.value);
  for (const item of module.dynamicImports) {
    const literal = /^["'`]([^"'`$]+)["'`]$/.exec(text.slice(item.moduleRequest.start, item.moduleRequest.end).trim());
    if (literal) found.push(literal[1]);
  }
  return [...new Set(found)];
}

function packageName(specifier) {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function sourceFiles(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.endsWith(".d.ts"))
    .map((entry) => join(entry.parentPath, entry.name));
}

function layerProblem({ layers, file, source, target, where }) {
  if (target.startsWith("..")) return `${where}: reaches out of its package: ${target}`;
  const from = file.split(sep)[0];
  const parts = target.split(sep);
  const to = parts.length > 1 ? parts[0] : undefined;
  const inLayer = file.split(sep).length > 1 && layers[from] !== undefined;
  if (!inLayer) return undefined;
  if (to === undefined)
    return COMPOSITION.test(parts[0]) ? `${where}: layer "${from}" imports the composition file ${target}` : undefined;
  if (to === from || layers[to] === undefined || TEST_FILE.test(source)) return undefined;
  return layers[from].includes(to) ? undefined : `${where}: layer "${from}" must not import layer "${to}"`;
}

function importProblem({ name, manifest, byName, allowed, specifier, isTest, rootDev, where }) {
  // `virtual:` modules are made by a plugin of the build, not by a package.
  if (/^(node|virtual):/.test(specifier)) return undefined;
  const dependency = packageName(specifier);
  if (BUILTIN.has(dependency)) return `${where}: write node:${dependency}`;
  if (dependency === manifest.name) return undefined;
  const internal = byName.get(dependency);
  if (internal !== undefined && !allowed.includes(internal)) return `${where}: ${name} must not import ${internal}`;
  const declared = { ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.devDependencies };
  if (declared[dependency] !== undefined || (isTest && rootDev[dependency] !== undefined)) return undefined;
  return `${where}: ${dependency} is not declared by ${manifest.name}`;
}

function manifestProblems({ name, manifest, folder, architecture, byName }) {
  const allowed = architecture.packages[name];
  const assets = architecture.assets?.[name] ?? [];
  const declared = Object.keys({ ...manifest.dependencies })
    .map((d) => byName.get(d))
    .filter(Boolean);
  const problems = declared
    .filter((d) => !allowed.includes(d) && !assets.includes(d))
    .map((d) => `packages/${name}/package.json declares ${d}, architecture.json does not allow it`);
  const tsconfig = join(folder, "tsconfig.json");
  if (!existsSync(tsconfig)) return problems;
  const references = (JSON.parse(readFileSync(tsconfig, "utf8")).references ?? []).map((r) => r.path.split("/").pop());
  for (const reference of references)
    if (!allowed.includes(reference))
      problems.push(`packages/${name}/tsconfig.json references ${reference}, which is not allowed`);
  for (const dependency of allowed)
    if (!references.includes(dependency))
      problems.push(`packages/${name}/tsconfig.json lacks the reference to ${dependency}`);
  return problems;
}

function fileProblems({ file, src, name, manifest, byName, architecture, rootDev, root }) {
  const inside = relative(src, file);
  const layers = architecture.layers[name] ?? {};
  const isTest = TEST_FILE.test(file) || inside.split(sep).includes("testing");
  const where = relative(root, file);
  return importsOf(file, readFileSync(file, "utf8")).flatMap((specifier) => {
    const problem = specifier.startsWith(".")
      ? layerProblem({
          layers,
          file: inside,
          source: file,
          target: relative(src, resolve(dirname(file), specifier)),
          where,
        })
      : importProblem({
          name,
          manifest,
          byName,
          allowed: architecture.packages[name],
          specifier,
          isTest,
          rootDev,
          where,
        });
    return problem === undefined ? [] : [problem];
  });
}

/** All violations below `root`, as sentences. */
export function architectureProblems(root) {
  const architecture = JSON.parse(readFileSync(join(root, "architecture.json"), "utf8"));
  const rootDev = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).devDependencies ?? {};
  const names = readdirSync(join(root, "packages")).filter((name) =>
    existsSync(join(root, "packages", name, "package.json")),
  );
  const manifestOf = new Map(
    names.map((name) => [name, JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"))]),
  );
  const byName = new Map([...manifestOf].map(([name, manifest]) => [manifest.name, name]));
  const problems = [];
  for (const [name, manifest] of manifestOf) {
    if (architecture.packages[name] === undefined) {
      problems.push(`packages/${name} is not in architecture.json`);
      continue;
    }
    const folder = join(root, "packages", name);
    problems.push(...manifestProblems({ name, manifest, folder, architecture, byName }));
    for (const file of sourceFiles(join(folder, "src")))
      problems.push(
        ...fileProblems({ file, src: join(folder, "src"), name, manifest, byName, architecture, rootDev, root }),
      );
  }
  for (const name of Object.keys(architecture.packages))
    if (!manifestOf.has(name)) problems.push(`architecture.json names ${name}, but packages/${name} does not exist`);
  return problems;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const problems = architectureProblems(process.cwd());
  for (const problem of problems) console.error(problem);
  process.exit(problems.length === 0 ? 0 : 1);
}
