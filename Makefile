# SPDX-License-Identifier: MIT
#
# make                 build/Image, build/tlbed.elf; build/Image.check, build/tlbed.check.elf
# make test            what ./qemu.sh --test does
# make test-1t         boots a guest with 1000 GiB of RAM (docs/scale.md)
# make sdcard          build/sdcard.img for an RK3588 board; UBOOT=FILE, DTBS=DIR (docs/rk3588.md)
# make flash DEV=D     writes it to a card, and reads it back
# make lint            floors, formatting, warnings with both compilers
# make mutants         breaks the code on purpose; each break must turn a test red
# make host-test T=N   builds and runs programs of tests/host by name
# make replay TRACE=F  runs the checker over the trace in a console log (docs/trace.md)
#
# GRANULE=4K|16K|64K   translation granule of the image
# LLVM=1               clang and lld instead of gcc and ld
# CROSS_COMPILE=       prefix of the GNU tools; found by itself
# PRIMS=simd|c|stp     the bulk primitives of the engine: c and stp to measure what SIMD is worth
# O=DIR                where to build

O       ?= build
GRANULE ?= 4K
PRIMS   ?= simd
MAKEFLAGS += --no-builtin-rules
# V=1 shows the commands.
Q := $(if $(V),,@)
say = @printf '  %-7s %s\n' $(1) $(2)

shift_4K  := 12
shift_16K := 14
shift_64K := 16
GRANULE_SHIFT := $(shift_$(GRANULE))
ifeq ($(GRANULE_SHIFT),)
$(error GRANULE=$(GRANULE): it is 4K, 16K or 64K)
endif

prims_simd :=
prims_c    := -DPRIMS_C
prims_stp  := -DPRIMS_STP
ifeq ($(origin prims_$(PRIMS)),undefined)
$(error PRIMS=$(PRIMS): it is simd, c or stp)
endif

# --- tools -------------------------------------------------------------------
have = $(shell command -v $(1) 2>/dev/null)
ifdef LLVM
CC      := clang --target=aarch64-none-elf
LD      := ld.lld
NM      := llvm-nm
OBJCOPY := llvm-objcopy
else
ifndef CROSS_COMPILE
CROSS_COMPILE := $(if $(call have,aarch64-none-elf-gcc),aarch64-none-elf-,$(if \
	$(call have,aarch64-linux-gnu-gcc),aarch64-linux-gnu-))
endif
CC      := $(CROSS_COMPILE)gcc
LD      := $(CROSS_COMPILE)ld
NM      := $(CROSS_COMPILE)nm
OBJCOPY := $(CROSS_COMPILE)objcopy
endif

# --- flags -------------------------------------------------------------------
# Debian's picolibc, in its release build (the other has byte-loop memcpy); a GNU Arm
# toolchain without it brings a newlib of its own.
PICOLIBC ?= $(wildcard /usr/lib/picolibc/aarch64-linux-gnu)
LIBC_INC := $(if $(PICOLIBC),-isystem $(PICOLIBC)/include)
LIBC     := $(if $(PICOLIBC),$(PICOLIBC)/lib/release/libc.a,$(shell $(CC) -print-file-name=libc.a 2>/dev/null))
LIBGCC   := $(if $(LLVM),,$(shell $(CC) -print-libgcc-file-name 2>/dev/null))

WARN   := -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wvla
# general-regs-only: SIMD is for named primitives, in assembly. Frame pointers: backtraces.
CFLAGS := -std=gnu11 -O2 -g $(WARN) -ffreestanding -mgeneral-regs-only -fno-stack-protector \
	-fno-common -ffunction-sections -fdata-sections -fno-pic -mcmodel=small -fno-strict-aliasing \
	-fno-omit-frame-pointer -fno-asynchronous-unwind-tables -ftls-model=local-exec \
	"-fmacro-prefix-map=$(CURDIR)/=" $(LIBC_INC) -I. -DGRANULE_SHIFT=$(GRANULE_SHIFT) -MMD -MP \
	$(prims_$(PRIMS))
ifndef LLVM
CFLAGS += -mno-outline-atomics
endif
# Code that runs with the MMU off (docs/design.md): no unaligned access, no loop made a memset.
STRICT := -mstrict-align -fno-builtin
ifndef LLVM
STRICT += -fno-tree-loop-distribute-patterns
endif
LDFLAGS := -T linker.ld --gc-sections --build-id=none -z max-page-size=0x10000 -z noexecstack
ifndef LLVM
LDFLAGS += --no-warn-rwx-segments
endif

# --- sources -----------------------------------------------------------------
DIRS := boot boot/ram lib lib/arm64 lib/cmdline lib/fdt lib/lock mm/arm64 mm/check mm/phys mm/map mm/map/view mm/pages mm/pages/hvo mm/pages/users mm/areas mm/areas/percpu mm/areas/view \
	drivers drivers/irq drivers/pmu drivers/scmi drivers/smp bench bench/cases bench/hvo bench/sweeps bench/rows bench/pmu bench/report bench/rungs bench/silicon \
	tests tests/machine tests/mm tests/mm/pages tests/mm/structs
SRCS := $(sort $(wildcard $(addsuffix /*.c,$(DIRS)) $(addsuffix /*.S,$(DIRS))))
SHARED_OBJS := $(patsubst %.S,$(O)/obj/%.o,$(filter %.S,$(SRCS))) $(O)/obj/build-id.o $(O)/obj/early.o
OBJS := $(patsubst %.c,$(O)/obj/%.o,$(filter %.c,$(SRCS))) $(SHARED_OBJS)
# The same sources with the checks on (docs/design.md): the second image. Assembly has none.
CHECK_OBJS := $(patsubst %.c,$(O)/obj/check/%.o,$(filter %.c,$(SRCS))) $(SHARED_OBJS)
EARLY_SRCS := $(wildcard boot/early/*.c) $(wildcard lib/fdt/*.c)
EARLY_OBJS := $(patsubst %.c,$(O)/obj/early/%.o,$(EARLY_SRCS))

all: $(O)/Image $(O)/Image.check

$(O)/Image: $(O)/tlbed.elf
$(O)/Image.check: $(O)/tlbed.check.elf
$(O)/Image $(O)/Image.check:
	$(call say,IMAGE,$@)
	$(Q)$(OBJCOPY) -O binary $< $@

# Twice: the first link says where the functions are, the second carries their names.
$(O)/tlbed.elf: $(OBJS) $(LIBC) linker.ld tools/symbols.awk
	$(call say,LD,$@)
	$(call link-named,$(O)/obj,$(OBJS))

$(O)/tlbed.check.elf: $(CHECK_OBJS) $(LIBC) linker.ld tools/symbols.awk
	$(call say,LD,$@)
	$(call link-named,$(O)/obj/check,$(CHECK_OBJS))

define link-named
$(call link,$(1)/first.elf,$(1)/no-symbols.o,/dev/null,$(2))
$(Q)$(NM) -n $(1)/first.elf > $(1)/symbols.txt
$(call link,$@,$(1)/symbols.o,$(1)/symbols.txt,$(2))
endef

define link
$(Q)awk -f tools/symbols.awk $(3) > $(2:.o=.S)
$(Q)$(CC) -c $(2:.o=.S) -o $(2)
$(Q)$(LD) $(LDFLAGS) -o $(1) $(4) $(2) $(LIBC) $(LIBGCC)
endef

$(O)/obj/%.o: %.c $(O)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS) $(if $(filter boot/tables.c,$<),$(STRICT)) -c $< -o $@

$(O)/obj/check/%.o: %.c $(O)/flags
	@mkdir -p $(@D)
	$(call say,CC,"$< (check)")
	$(Q)$(CC) $(CFLAGS) -DCHECKED $(if $(filter boot/tables.c,$<),$(STRICT)) -c $< -o $@

$(O)/obj/%.o: %.S $(O)/flags
	@mkdir -p $(@D)
	$(call say,AS,$<)
	$(Q)$(CC) $(filter-out -mgeneral-regs-only,$(CFLAGS)) -c $< -o $@

# The FDT reader once more, for last words with the MMU off: its own world, by prefix.
$(O)/obj/early/%.o: %.c $(O)/flags
	@mkdir -p $(@D)
	$(call say,CC,"$< (early)")
	$(Q)$(CC) $(CFLAGS) $(STRICT) -c $< -o $@

$(O)/obj/early.o: $(EARLY_OBJS)
	$(Q)$(LD) -r -o $(O)/obj/early-all.o $^
	$(Q)$(OBJCOPY) --prefix-symbols=early_ $(O)/obj/early-all.o $@

# What the banner says of the build. Rewritten only when it changed.
GIT := $(shell git -c safe.directory='*' describe --always --dirty --abbrev=12 --match=- 2>/dev/null || echo unknown)
COMPILER := $(shell $(CC) --version 2>/dev/null | head -n 1)
$(O)/obj/build-id.c: FORCE
	@mkdir -p $(@D)
	@printf '#include "lib/platform.h"\nconst char build_git[] = "git: %s";\nconst char build_compiler[] = "%s";\n' \
		'$(GIT)' '$(COMPILER)' > $@.new; cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$(O)/obj/build-id.o: $(O)/obj/build-id.c $(O)/flags
	$(Q)$(CC) $(CFLAGS) -c $< -o $@

# A change of flags or tools rebuilds everything.
$(O)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(subst $(CURDIR),,$(CFLAGS)) $(COMPILER)' > $@.new; cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# Counts for `./qemu.sh --profile`, in QEMU: a library for the host that runs it.
HOSTCC ?= $(if $(call have,cc),cc,$(if $(call have,gcc),gcc,clang))
$(O)/profile/plugin.so: $(wildcard tools/profile/*.[ch])
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) -std=gnu11 -O2 $(WARN) -fPIC -shared -fvisibility=hidden -o $@ $(filter %.c,$^)

test:
	O=$(O) ./qemu.sh --test

test-1t:
	python3 tools/test.py --out $(O) --qemu qemu-system-aarch64 --endings tests/scale/endings-1t

lint:
	python3 tools/lint.py

mutants:
	python3 tools/mutants.py

host-test:
	@O=$(O) python3 tools/host-test.py $(T)

replay:
	@O=$(O) python3 tools/replay.py $(TRACE)

include tools/sdcard/sdcard.mk

clean:
	rm -rf $(O)

FORCE:
.PHONY: all test test-1t host-test lint mutants replay clean FORCE
.DELETE_ON_ERROR:
-include $(OBJS:.o=.d) $(CHECK_OBJS:.o=.d) $(EARLY_OBJS:.o=.d)
