// memlab's parser, shortest paths and retained sizes on a .heapsnapshot: a line of JSON each, CPU seconds. Started by
// tests/bench/analyze in the folder where memlab is installed.
const path = require('path');
const core = path.resolve('node_modules/@memlab/core/dist');  // the parser is not among what the package exports
const {config, TraceFinder} = require(core);
const parser = require(path.join(core, 'lib/HeapParser')).default;

function seconds() {
  const used = process.cpuUsage();
  return (used.user + used.system) / 1e6;
}

async function measured(pass, work) {
  const before = seconds();
  const result = await work();
  console.log(JSON.stringify({pass: 'memlab: ' + pass, cpu_s: seconds() - before,
                              peak: process.resourceUsage().maxRSS * 1024}));
  return result;
}

async function main() {
  config.muteConsole = true;
  const heap = await measured('parse', () => parser.parse(process.argv[2]));
  const finder = new TraceFinder();
  await measured('shortest paths', () => finder.annotateShortestPaths(heap));
  await measured('dominators and retained sizes', () => finder.calculateAllNodesRetainedSizes(heap));
}

main();
