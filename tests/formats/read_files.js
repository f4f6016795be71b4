// node read_files.js NODE_MODULES FILE...: reads .sarif files with the standard's schema and .heapsnapshot files with
// memlab; says on standard output what it saw, as one JSON object.
const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const path = require("node:path");

const [modules, ...files] = process.argv.slice(2);
const load = createRequire(path.join(modules, "reader.js"));

function schemaCheck() {
  const Ajv = load("ajv/dist/2020").default;
  const schema = readFileSync(path.join(path.dirname(load.resolve("@microsoft/sarif-multitool-linux/package.json")), "sarif-2.1.0.json"), "utf8");
  return new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(JSON.parse(schema.replace(/^\ufeff/, "")));
}

async function readSnapshot(file) {
  const parser = load(path.join(modules, "@memlab/core/dist/lib/HeapParser.js")).default;
  const config = new (load("@memlab/core").MemLabConfig)();
  config.muteConsole = true;
  const heap = await parser.parse(file, {});
  const names = {};
  let edges = 0, hasParent = 0;
  heap.nodes.forEach((node) => { names[node.name] = (names[node.name] || 0) + 1; });
  heap.edges.forEach((edge) => { edges++; if (edge.fromNode && edge.toNode) hasParent++; });
  return { nodes: heap.nodes.length, edges, whole: hasParent, names };
}

(async () => {
  const seen = {};
  const isValid = files.some((file) => file.endsWith(".sarif")) ? schemaCheck() : null;
  for (const file of files) {
    if (file.endsWith(".sarif")) seen[file] = isValid(JSON.parse(readFileSync(file, "utf8"))) ? [] : isValid.errors.map((error) => `${error.instancePath} ${error.message}`);
    else seen[file] = await readSnapshot(file);
  }
  process.stdout.write("\n" + JSON.stringify(seen) + "\n");
})().catch((error) => { console.error(error); process.exit(1); });
