// What a program names: --require or --import of lastport/probe. The probe itself is the bundle that the build makes of
// preload.cts. This file is so short because Node reads a CommonJS file that is imported letter by letter, for what it
// exports: that took 60 ms of the bundle, and takes none of what is only required.
try {
  require('./bundle.cjs');
} catch {
  // An installation in pieces: what throws here would keep every program from starting.
}
