/*
 * pivot_root: the call alone, the detachment alone, and the whole switch.
 */
#ifndef PIVOT_ROOT_H
#define PIVOT_ROOT_H

#include "measure.h"
#include "namespaces.h"

#define NEWROOT "/newroot"
#define PUT_OLD NEWROOT "/old"

static void unshare_mounts(void)
{
	go_home(CLONE_NEWNS);
	must("unshare", CALL(__NR_unshare, CLONE_NEWNS));
}

static void bind_new_root(void)
{
	must("mount", CALL(__NR_mount, NEWROOT, NEWROOT, 0, MS_BIND | MS_REC));
}

static int is(const char *path, const struct identity *other)
{
	struct identity seen = { 0 };

	must("statx", identify(path, &seen));
	return identical(&seen, other);
}

static void make_private(void)
{
	must("mount", CALL(__NR_mount, "none", "/", 0, MS_REC | MS_PRIVATE));
}

static void pivot(void)
{
	must("pivot_root", CALL(__NR_pivot_root, NEWROOT, PUT_OLD));
}

static void detach(void)
{
	must("umount2", CALL(__NR_umount2, "/old", MNT_DETACH));
}

static void switch_root(void)
{
	make_private();
	bind_new_root();
	pivot();
	must("chdir", CALL(__NR_chdir, "/"));
	detach();
}

static void switch_root_by_fd(void)
{
	long tree;

	make_private();
	tree = must("open_tree",
		    CALL(__NR_open_tree, AT_FDCWD, NEWROOT,
			 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
	must("move_mount", CALL(__NR_move_mount, tree, "", AT_FDCWD, NEWROOT,
				MOVE_MOUNT_F_EMPTY_PATH));
	CALL(__NR_close, tree);
	pivot();
	must("chdir", CALL(__NR_chdir, "/"));
	detach();
}

static void bench_pivot_root(const char *what, int count)
{
	struct identity root = { 0 }, old = { 0 };

	must("chdir", CALL(__NR_chdir, "/"));
	must("statx", identify(NEWROOT, &root));
	must("statx", identify(PUT_OLD, &old));
	if (same(what, "pivot")) {
		unshare_mounts();
		bind_new_root();
	}
	for (int i = 0; i < count; i++) {
		if (same(what, "pivot")) {
			start();
			pivot();
			stop();
			see(is("/", &root) && !is("/old", &old));
			must("pivot_root",
			     CALL(__NR_pivot_root, "/old", "/old" NEWROOT));
			continue;
		}
		unshare_mounts();
		if (same(what, "detach")) {
			bind_new_root();
			pivot();
			start();
			detach();
		} else if (same(what, "switch")) {
			start();
			switch_root();
		} else if (same(what, "switch_by_fd")) {
			start();
			switch_root_by_fd();
		} else {
			give_up("no such part of pivot_root:", what, 0);
		}
		stop();
		see(is("/", &root) && is("/old", &old));
	}
	go_home(CLONE_NEWNS);
}

#endif
