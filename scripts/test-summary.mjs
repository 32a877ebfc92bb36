// node scripts/test-summary.mjs REPORT: one line `N passed, N failed` from vitest's JSON report; fails when a test did, or
// when nothing ran. A file that could not be loaded has no tests to count and counts as one failure.
import fs from 'node:fs';

const file = process.argv[2];
let passed = 0;
let failed = 1; // no report: vitest itself did not come to an end
if (fs.existsSync(file)) {
  const report = JSON.parse(fs.readFileSync(file, 'utf8'));
  const unloadable = report.testResults.filter((f) => f.status === 'failed' && f.assertionResults.length === 0);
  passed = report.numPassedTests;
  failed = report.numFailedTests + unloadable.length;
}
console.log(`${passed} passed, ${failed} failed`);
if (failed > 0 || passed === 0) process.exit(1);
