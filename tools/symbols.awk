# SPDX-License-Identifier: MIT
# nm -n of the first link -> assembly of the symbol table for backtraces (lib/arm64/backtrace.c).
# Offsets are taken from _text by the assembler's twin: the linker adds nothing to them.
function hex(s,   i, v) { v = 0; for (i = 1; i <= length(s); i++) v = v * 16 + index("0123456789abcdef", tolower(substr(s, i, 1))) - 1; return v }
BEGIN { print "\t.section .symbols, \"a\""; n = 0; bytes = 0 }
# The high half of a 64-bit address is lost in awk's doubles; the image is small, keep the low half.
$3 == "_text" { base = hex(substr($1, 9)) }
$2 ~ /^[tT]$/ && $3 !~ /^[$.]/ && $3 !~ /^_(e?text|head)$/ { addr[n] = hex(substr($1, 9)); name[n++] = $3 }
END {
	print "\t.global symbol_count, symbol_table, symbol_names\n\t.balign 8\nsymbol_count: .long " n "\n\t.balign 8\nsymbol_table:"
	for (i = 0; i < n; i++) { printf "\t.long %d, %d\n", addr[i] - base, bytes; bytes += length(name[i]) + 1 }
	print "symbol_names:"
	for (i = 0; i < n; i++) printf "\t.asciz \"%s\"\n", name[i]
	print "\t.byte 0"
}
