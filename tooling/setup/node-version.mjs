/** @file The oldest Node that Octavo runs on; said before anything else is loaded, in syntax that old Nodes parse. */

/** @param {string} version as in `process.versions.node` */
export function isOldNode(version) {
  const [major, minor] = version.split('.').map(Number);
  return major < 20 || (major === 20 && minor < 19);
}

export function requireNode(version = process.versions.node) {
  if (!isOldNode(version)) return;
  console.error(
    `octavo: Node is too old: got ${version}, expected 20.19 or newer; install one from https://nodejs.org`,
  );
  process.exit(2);
}
