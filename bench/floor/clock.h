/*
 * clock: the part of <time.h> that is needed, without a C library.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include "kernel.h"

/*
 * The clock of the vDSO, which the C libraries use as well: a system call would
 * take several times longer and would be part of every measured time.
 */
struct timespec {
	long tv_sec, tv_nsec;
};
enum { CLOCK_MONOTONIC = 1 };
static int (*clock_gettime)(int, struct timespec *);

static int clock_by_call(int clock, struct timespec *now)
{
	return CALL(__NR_clock_gettime, clock, now);
}

static void find_clock(void)
{
	const unsigned long *auxiliary;
	const Elf64_Ehdr *image = NULL;
	const Elf64_Phdr *segment;
	const Elf64_Dyn *dynamic = NULL;
	const Elf64_Sym *symbols = NULL;
	const char *strings = NULL, *base;
	const uint32_t *hash = NULL;
	char **end = environment;

	clock_gettime = clock_by_call;
	while (*end)
		end++;
	for (auxiliary = (void *)(end + 1); *auxiliary; auxiliary += 2)
		if (*auxiliary == AT_SYSINFO_EHDR)
			image = (void *)auxiliary[1];
	if (!image)
		return;
	base = (const char *)image;
	segment = (const void *)(base + image->e_phoff);
	for (int i = 0; i < image->e_phnum; i++)
		if (segment[i].p_type == PT_DYNAMIC)
			dynamic = (const void *)(base + segment[i].p_offset);
	if (!dynamic)
		return;
	for (; dynamic->d_tag != DT_NULL; dynamic++) {
		const void *at = base + dynamic->d_un.d_ptr;

		if (dynamic->d_tag == DT_SYMTAB)
			symbols = at;
		if (dynamic->d_tag == DT_STRTAB)
			strings = at;
		if (dynamic->d_tag == DT_HASH)
			hash = at;
	}
	if (!symbols || !strings || !hash)
		return;
	/* The second word of the hash table is how many symbols there are. */
	for (uint32_t i = 0; i < hash[1]; i++)
		if (same(strings + symbols[i].st_name, "__vdso_clock_gettime"))
			clock_gettime = (int (*)(int, struct timespec *))(
				base + symbols[i].st_value);
}

#endif
