// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: which driver has a guest's VF, and what is said about it. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "driver.h"
#include "unit.h"

static char root[] = "/tmp/test-driver-XXXXXX";

/* A file, or with to a link, below root */
static void put(const char *path, const char *text, const char *to)
{
	char full[512], *slash;
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", root, path);
	for (slash = full + sizeof(root); (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	unlink(full);
	if (to) {
		assert_int_equal(symlink(to, full), 0);
		return;
	}
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void put_device(const char *name, const char *id, const char *driver)
{
	char path[128], to[128];

	snprintf(path, sizeof(path), "bus/pci/devices/%s/vendor", name);
	put(path, "0x8086\n", NULL);
	snprintf(path, sizeof(path), "bus/pci/devices/%s/device", name);
	put(path, id, NULL);
	if (!driver)
		return;
	snprintf(path, sizeof(path), "bus/pci/devices/%s/driver", name);
	snprintf(to, sizeof(to), "../../drivers/%s", driver);
	put(path, NULL, to);
}

static void put_modules(const char *text)
{
	struct utsname uts;
	char path[256];

	uname(&uts);
	snprintf(path, sizeof(path), "%s/modules.dep", uts.release);
	put(path, text, NULL);
}

static void expect(size_t count, const char *words)
{
	json_t *problems = driver_problems();

	assert_int_equal(json_array_size(problems), count);
	if (count && !strstr(json_string_value(json_array_get(problems, 0)), words))
		fail_msg("%s", json_string_value(json_array_get(problems, 0)));
	json_decref(problems);
}

static void who_has_the_vf(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(root));
	driver_sysfs = driver_modules = root;
	expect(0, "");
	put_device("0000:00:02.0", "0x10d3\n", "e1000e");
	put_device("0000:00:03.0", "0x10ca\n", "vferry_vf");
	/* that of a PF of this very machine */
	put_device("0000:00:04.0", "0x10ca\n", "vfio-pci");
	put_device("0000:00:01.0", "0x10c9\n", "vferry_pf");
	put("bus/pci/devices/0000:00:04.0/physfn", NULL, "../0000:00:01.0");
	expect(0, "");

	put_device("0000:00:03.0", "0x10ca\n", "igbvf");
	expect(1, "VF 0000:00:03.0: driven by igbvf, and there is no vferry_vf for Linux");
	expect(1, "install linux-headers-");
	put_modules("kernel/igbvf.ko.xz: updates/dkms/vferry_vf.ko\n");
	expect(1, "there is no vferry_vf");
	put_modules("updates/dkms/vferry_vf.ko.xz:\n");
	expect(1, "driven by igbvf, not by vferry_vf");
	expect(1, "update-initramfs");

	put_device("0000:00:05.0", "0x10ca\n", NULL);
	expect(2, "igbvf");
	put_device("0000:00:03.0", "0x10ca\n", "vferry_vf");
	expect(1, "VF 0000:00:05.0: driven by nothing");
}

static int remove_tree(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_has_the_vf),
	};

	return cmocka_run_group_tests(tests, NULL, remove_tree);
}
