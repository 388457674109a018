// node runpath.mjs BINARY: lets a 64-bit little-endian ELF program look for its libraries in ../lib, beside its own
// folder, by giving it the run path $ORIGIN/../lib. The linker leaves spare entries at the end of the dynamic section
// and unused bytes between segments, so nothing moves. Runs under the machine's Node, any from 20.
import { chmodSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'

const RUN_PATH = '$ORIGIN/../lib\0'
const PT_LOAD = 1
const PT_DYNAMIC = 2
const DT_NULL = 0
const DT_STRTAB = 5
const DT_RUNPATH = 29
const DYNAMIC_ENTRY_BYTES = 16
const PAGE_BYTES = 4096

const file = process.argv[2]
const elf = readFileSync(file)
const number = (offset) => Number(elf.readBigUInt64LE(offset))

const segments = []
for (let index = 0; index < elf.readUInt16LE(56); index++) {
  const at = number(32) + index * elf.readUInt16LE(54)
  segments.push({
    type: elf.readUInt32LE(at),
    offset: number(at + 8),
    address: number(at + 16),
    bytes: number(at + 32),
  })
}

const dynamic = segments.find((segment) => segment.type === PT_DYNAMIC)
const entries = []
for (let at = dynamic.offset; at < dynamic.offset + dynamic.bytes; at += DYNAMIC_ENTRY_BYTES) {
  entries.push({ at, tag: number(at), value: number(at + 8) })
}
const strings = entries.find((entry) => entry.tag === DT_STRTAB)
const last = entries.findIndex((entry) => entry.tag === DT_NULL)
if (entries.length - last < 2) throw new Error(`${file}: no spare entry in the dynamic section`)
if (entries.some((entry) => entry.tag === DT_RUNPATH)) throw new Error(`${file}: has a run path already`)

// The rest of a segment's last page is mapped with it, so the loader can read a string there.
const home = segments.find(
  ({ type, address, bytes }) => type === PT_LOAD && strings.value >= address && strings.value < address + bytes,
)
const gap = home.offset + home.bytes
const isFree = elf.subarray(gap, gap + RUN_PATH.length).every((byte) => byte === 0)
if (!isFree || PAGE_BYTES - (gap % PAGE_BYTES) < RUN_PATH.length) throw new Error(`${file}: no room for a run path`)

elf.write(RUN_PATH, gap, 'latin1')
elf.writeBigUInt64LE(BigInt(DT_RUNPATH), entries[last].at)
elf.writeBigUInt64LE(BigInt(home.address + home.bytes - strings.value), entries[last].at + 8)
writeFileSync(`${file}.new`, elf)
chmodSync(`${file}.new`, statSync(file).mode)
renameSync(`${file}.new`, file)
