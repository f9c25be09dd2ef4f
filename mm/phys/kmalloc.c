// SPDX-License-Identifier: MIT
/*
 * Small objects. Per size class: a list of pages with free objects under a lock, and
 * in front of it a per-CPU stack of free objects that needs only masked IRQs.
 *
 * A class is named by the leading zeros of its size less one (59 for 32 bytes): one
 * CLZ finds it, and `address << class` is zero exactly for a well-aligned object.
 *
 * A free object holds the next one in its first word and minus its own address in
 * the second, which is how a second kfree() is known. (A live object whose owner keeps
 * just that number there would be taken for a free one; no structure here does.)
 */
#include <string.h>

#include "lib/panic.h"
#include "lib/percpu.h"
#include "lib/lock.h"
#include "mm/phys/buddy-internal.h"
#include "mm/phys/fail.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/ranges.h"

#define MIN_SHIFT      5 /* room for the two words, and half a cache line */
#define MAX_SHIFT      (PAGE_SHIFT - 1)
#define MAX_SMALL      (1UL << MAX_SHIFT)
#define CLASS_OF_SHIFT 64 /* class + shift */
#define FIRST_CLASS    (CLASS_OF_SHIFT - MAX_SHIFT)
#define END_CLASS      (CLASS_OF_SHIFT - MIN_SHIFT + 1)

struct object {
	struct object *next;
	uint64_t mark; /* free: minus the object's address */
};

struct stack {
	struct object *head;
	uint64_t room; /* objects that it can still take; 0 too before its first refill */
};

struct kmalloc_cpu {
	struct stack stacks[CLASS_OF_SHIFT]; /* by class; those below FIRST_CLASS are not used */
	struct page *ram;		     /* first page of the range of RAM last freed to, */
	uint64_t ram_start, ram_bytes;	     /* its linear address, its size; 0 at first */
	bool ready;			     /* cpu_init() is done */
};

static DEFINE_PER_CPU(struct kmalloc_cpu, kmalloc_cpu);

LIST_HEAD(slab_list, page);

static struct slab_class {
	spinlock_t lock;	  /* taken before a zone's */
	struct slab_list partial; /* pages with free objects of their own */
	uint64_t pages;
} classes[CLASS_OF_SHIFT] = {
	/* by class, as above */
	[0 ... CLASS_OF_SHIFT - 1] = { .lock = SPINLOCK(LOCK_SLAB) },
};

static __always_inline size_t class_size(unsigned class)
{
	return 1UL << (CLASS_OF_SHIFT - class);
}

/* A stack's size: enough to be hit, bounded in bytes so that little memory is kept. */
static uint64_t stack_high(unsigned class)
{
	return MIN(4 * PAGE_SIZE / class_size(class), 64);
}

/* Puts an object on top, marked. false: there is no room. */
static __always_inline bool push(struct stack *stack, struct object *object)
{
	struct object *head;
	uint64_t room;

	ONE_REGISTER(stack);
	head = stack->head;
	room = stack->room;
	if (unlikely(room == 0))
		return false;
	object->next = head;
	object->mark = -(uint64_t)object;
	stack->head = object;
	stack->room = room - 1;
	return true;
}

/* Takes the top object; NULL if there is none. */
static __always_inline struct object *pop(struct stack *stack)
{
	struct object *object;
	uint64_t room;

	ONE_REGISTER(stack);
	object = stack->head;
	room = stack->room;
	if (unlikely(!object))
		return NULL;
	stack->head = object->next;
	stack->room = room + 1;
	object->mark = 0;
	return object;
}

/* A fresh page of free objects, at the front of the class's list. Class lock held. */
static struct page *add_slab(struct slab_class *slabs, unsigned class)
{
	struct page *page = alloc_pages(GFP_KERNEL, 0);
	struct object *next = NULL;
	char *start;

	if (!page)
		return NULL;
	start = page_address(page);
	for (char *at = start + PAGE_SIZE; at > start;) {
		struct object *object;

		at -= class_size(class);
		object = (struct object *)at;
		object->next = next;
		object->mark = -(uint64_t)object;
		next = object;
	}
	page->flags |= PG_SLAB;
	page->slab_class = class;
	page->slab_inuse = 0;
	page->slab_free = next;
	LIST_INSERT_HEAD(&slabs->partial, page, slab_link);
	slabs->pages++;
	return page;
}

/* Half fills an empty stack, as far as memory allows. IRQs masked. */
static void refill(struct stack *stack, unsigned class)
{
	struct slab_class *slabs = &classes[class];
	uint64_t half = stack_high(class) / 2;

	raw_spin_lock(&slabs->lock);
	while (stack->room > half) {
		struct page *page = LIST_FIRST(&slabs->partial);
		struct object *object;

		if (!page && !stack->head)
			page = add_slab(slabs, class);
		if (!page)
			break;
		object = page->slab_free;
		page->slab_free = object->next;
		page->slab_inuse++;
		if (!page->slab_free)
			LIST_REMOVE(page, slab_link);
		push(stack, object);
	}
	raw_spin_unlock(&slabs->lock);
}

/* An object goes home; the page of the last one goes back. Class lock held. */
static void give_back(struct slab_class *slabs, struct object *object)
{
	struct page *page = virt_to_page(object);

	if (!page->slab_free)
		LIST_INSERT_HEAD(&slabs->partial, page, slab_link);
	object->next = page->slab_free;
	page->slab_free = object;
	if (--page->slab_inuse == 0) {
		LIST_REMOVE(page, slab_link);
		slabs->pages--;
		page->flags &= ~PG_SLAB;
		page->slab_free = NULL;
		__free_pages(page, 0);
	}
}

/* Takes @count objects off the stack. IRQs masked. */
static void drain(struct stack *stack, unsigned class, uint64_t count)
{
	struct slab_class *slabs = &classes[class];

	raw_spin_lock(&slabs->lock);
	while (count-- && stack->head) {
		struct object *object = stack->head;

		stack->head = object->next;
		stack->room++;
		give_back(slabs, object);
	}
	raw_spin_unlock(&slabs->lock);
}

static void cpu_init(struct kmalloc_cpu *cpu)
{
	for (unsigned class = FIRST_CLASS; class < END_CLASS; class ++)
		cpu->stacks[class].room = stack_high(class);
	cpu->ready = true;
}

void kmalloc_drain(void)
{
	uint64_t irq = local_irq_save();
	struct kmalloc_cpu *cpu = &this_cpu(kmalloc_cpu);

	for (unsigned class = FIRST_CLASS; class < END_CLASS; class ++)
		drain(&cpu->stacks[class], class, ~0UL);
	local_irq_restore(irq);
}

void drain_cpu_caches(void *unused)
{
	(void)unused;
	kmalloc_drain();
	drain_hot_lists();
}

uint64_t kmalloc_slab_pages(void)
{
	uint64_t pages = 0;

	for (unsigned class = FIRST_CLASS; class < END_CLASS; class ++)
		pages += READ_ONCE(classes[class].pages);
	return pages;
}

/* A block of pages of its own. */
static void *kmalloc_pages(size_t size, gfp_t gfp)
{
	unsigned order = size > PAGE_SIZE ? ilog2(size - 1) + 1 - PAGE_SHIFT : 0;
	struct page *page = alloc_pages(gfp & ~__GFP_COMP, order);

	if (!page)
		return NULL;
	page->flags |= PG_LARGE;
	return page_address(page);
}

/* The stack of this CPU was empty. Leaves IRQs as @irq. */
static noinline struct object *kmalloc_cold(unsigned class, uint64_t irq)
{
	struct kmalloc_cpu *cpu = &this_cpu(kmalloc_cpu);
	struct stack *stack = &cpu->stacks[class];
	struct object *object;

	if (!cpu->ready)
		cpu_init(cpu);
	refill(stack, class);
	object = pop(stack);
	local_irq_restore(irq);
	return object;
}

static __always_inline struct object *kmalloc_small(size_t size)
{
	unsigned class = __builtin_clzll((size - 1) | ((1UL << MIN_SHIFT) - 1));
	uint64_t irq = local_irq_save();
	struct stack *stack = &this_cpu(kmalloc_cpu).stacks[class];
	struct object *object;

	object = pop(stack);
	if (unlikely(!object))
		return kmalloc_cold(class, irq);
	local_irq_restore(irq);
	return object;
}

/* What is not a small object without wishes: large, zero-sized, to be cleared, from below 4 GiB. */
static noinline void *kmalloc_special(size_t size, gfp_t gfp)
{
	void *object;

	if (gfp & __GFP_DMA32 || size > MAX_SMALL)
		return kmalloc_pages(size, gfp);
	object = kmalloc_small(MAX(size, 1));
	return object && gfp & __GFP_ZERO ? memset(object, 0, size) : object;
}

void *kmalloc(size_t size, gfp_t gfp)
{
	if (fail_this_allocation())
		return NULL;
	/* Zero wraps to a large number. */
	if (unlikely(size - 1 >= MAX_SMALL || gfp != GFP_KERNEL))
		return kmalloc_special(size, gfp);
	return kmalloc_small(size);
}

void *kzalloc(size_t size, gfp_t gfp)
{
	return fail_this_allocation() ? NULL : kmalloc_special(size, gfp | __GFP_ZERO);
}

/* To be freed to a stack, unless it does not look like an object in use. */
static void kfree_object(struct kmalloc_cpu *cpu, struct page *page, struct object *object)
{
	unsigned class = page->slab_class;
	struct stack *stack = &cpu->stacks[class];

	panic_unless((uint64_t)object << class == 0, "kfree: %p is inside an object",
		     (void *)object);
	panic_unless(object->mark != -(uint64_t)object, "kfree: double free of %p", (void *)object);
	if (stack->room == 0)
		drain(stack, class, stack_high(class) / 2);
	push(stack, object);
}

static void kfree_pages(struct page *page, void *address)
{
	panic_unless(page->flags & PG_LARGE && IS_ALIGNED((uint64_t)address, PAGE_SIZE),
		     "kfree: %p is not from kmalloc, or free already", address);
	page->flags &= ~PG_LARGE;
	__free_pages(page, page->order);
}

/* What kfree() could not do at once. Leaves IRQs as @irq. */
static noinline void kfree_cold(void *address, uint64_t irq)
{
	struct kmalloc_cpu *cpu = &this_cpu(kmalloc_cpu);
	uint64_t pa = virt_to_phys(address);
	const struct phys_range *ram = ram_range_of_pfn(pa >> PAGE_SHIFT);

	if (!cpu->ready)
		cpu_init(cpu);
	if (address) {
		panic_unless(ram, "kfree: %p is no RAM of the linear map", address);
		cpu->ram = pfn_to_page(ram->first_pfn);
		cpu->ram_start = (uint64_t)page_address(cpu->ram);
		cpu->ram_bytes = ram->pages << PAGE_SHIFT;
		if (phys_to_page(pa)->flags & PG_SLAB)
			kfree_object(cpu, phys_to_page(pa), address);
		else
			kfree_pages(phys_to_page(pa), address);
	}
	local_irq_restore(irq);
}

void kfree(void *address)
{
	uint64_t irq = local_irq_save();
	struct kmalloc_cpu *cpu = &this_cpu(kmalloc_cpu);
	uint64_t offset = (uint64_t)address - cpu->ram_start;
	struct object *object = address;
	struct page *page;

	if (unlikely(offset >= cpu->ram_bytes))
		return kfree_cold(address, irq);
	page = cpu->ram + (offset >> PAGE_SHIFT);
	if (unlikely(!(page->flags & PG_SLAB) || (uint64_t)address << page->slab_class ||
		     object->mark == -(uint64_t)address))
		return kfree_cold(address, irq);
	if (unlikely(!push(&cpu->stacks[page->slab_class], object)))
		return kfree_cold(address, irq);
	local_irq_restore(irq);
}
