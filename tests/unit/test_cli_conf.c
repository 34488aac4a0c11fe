// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: host.conf, names of PFs and VFs, command lines of QEMU. */
#include <errno.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "conf.h"
#include "module.h"
#include "sysfs.h"
#include "take.h"
#include "unit.h"

static int read_conf(const char *text, struct conf *conf, char *reason)
{
	FILE *f = fmemopen((char *)text, strlen(text), "r");
	int r;

	assert_non_null(f);
	r = conf_read(f, conf, reason, 256);
	fclose(f);
	return r;
}

static void good_conf(void **state)
{
	struct conf conf;
	char reason[256];

	(void)state;
	assert_int_equal(read_conf("# VFs of this host\n"
				   "[pf0]\nnetwork = lan1\nvfs = 4\nbind = 0 2\n"
				   "mac.2 = 52:54:00:12:34:56\n"
				   "[0000:02:00.0]\nvfs=7\n", &conf, reason), 0);
	assert_int_equal(conf.count, 2);
	assert_string_equal(conf.pfs[0].name, "pf0");
	assert_string_equal(conf.pfs[0].network, "lan1");
	assert_int_equal(conf.pfs[0].vfs, 4);
	assert_int_equal(conf.pfs[0].bind, 5);
	assert_int_equal(conf.pfs[0].mac_set, 4);
	assert_memory_equal(conf.pfs[0].mac[2], "\x52\x54\x00\x12\x34\x56", 6);
	assert_int_equal(conf.pfs[1].vfs, 7);
	assert_false(conf.pfs[1].bind_set);
	assert_int_equal(read_conf("\n", &conf, reason), 0);
	assert_int_equal(conf.count, 0);
	assert_int_equal(read_conf("", &conf, reason), 0);
	/* comments behind white space, and # in a label */
	assert_int_equal(read_conf("[pf0]\t\t# the PF\nnetwork = lan#1\t# label\nvfs = 4 # VFs\n"
				   "  bind = 0 1 ; some\n;vfs = 5\n  # vfs = 6\nmac.0 = "
				   "52:54:00:12:34:56 #", &conf, reason), 0);
	assert_string_equal(conf.pfs[0].name, "pf0");
	assert_string_equal(conf.pfs[0].network, "lan#1");
	assert_int_equal(conf.pfs[0].vfs, 4);
	assert_int_equal(conf.pfs[0].bind, 3);
	assert_int_equal(conf.pfs[0].mac_set, 1);
}

/* What libinih would read as two lines */
static void long_line(char *text, size_t size)
{
	snprintf(text, size, "[pf0]\nnetwork = lan1%*s\nvfs = 2\n", 200, "");
}

/* The example that is installed, when what it has is switched on */
static void example(void **state)
{
	FILE *f = fopen(CLI_FOLDER "/system/host.conf.example", "re");
	char line[256], text[4096] = "", reason[256];
	struct conf conf;
	size_t len = 0;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		bool setting = line[0] == '#' && line[1] != ' ' && line[1] != '\n';

		len += snprintf(text + len, sizeof(text) - len, "%s", line + setting);
	}
	fclose(f);
	if (read_conf(text, &conf, reason))
		fail_msg("%s", reason);
	assert_int_equal(conf.count, 1);
	assert_string_equal(conf.pfs[0].network, "lan1");
	assert_int_equal(conf.pfs[0].vfs, 4);
	assert_int_equal(conf.pfs[0].bind, 7);
	assert_int_equal(conf.pfs[0].mac_set, 1);
}

static void bad_conf(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "vfs = 1\n", "line 1" },
		{ "[pf0]\nvfs = 8\n", "line 2: vfs" },
		{ "[pf0]\nvfs = 0\n", "line 2: vfs" },
		{ "[pf0]\nvfs = 4x\n", "line 2: vfs" },
		{ "[pf0]\nvfs = -1\n", "line 2: vfs" },
		{ "[pf0]\nbind = 0 7\n", "line 2: bind" },
		{ "[pf0]\nbind = 0,1\n", "line 2: bind" },
		{ "[pf0]\nmac.0 = 52:54:00:12:34\n", "line 2: mac.0" },
		{ "[pf0]\nmac.0 = 53:54:00:12:34:56\n", "line 2: mac.0" },
		{ "[pf0]\nmac.0 = 00:00:00:00:00:00\n", "line 2: mac.0" },
		{ "[pf0]\nmac.0 = 52:54:00:12:34:5g\n", "line 2: mac.0" },
		{ "[pf0]\nmac.7 = 52:54:00:12:34:56\n", "line 2: mac.7" },
		{ "[pf0]\nmac.x = 52:54:00:12:34:56\n", "line 2: mac.x" },
		{ "[pf0]\nnetwork =\n", "line 2: network" },
		{ "[pf0]\nnetwork = B\374ro\n", "line 2: network: not text in UTF-8" },
		{ "[pf0]\nlabel = x\n", "line 2: label: no such setting" },
		{ "[pf0]\nwords\n", "line 2" },
		{ "[pf0]\nvfs = 2\nbind = 2\n", "beyond its 2" },
		{ "[pf0]\nvfs = 2\nmac.5 = 52:54:00:12:34:56\n", "beyond its 2" },
		{ "[pf0]\nvfs = +1\n", "line 2: vfs" },
		{ "[pf0]\nvfs = 4294967297\n", "line 2: vfs" },
		{ "[pf0]\nvfs = 1\n[pf1]\n[pf0]\nbind = 0\n", "line 4: [pf0]: a second section" },
		{ "[pf0]\nvfs = 1\nvfs = 1\n", "line 3: vfs: written twice" },
		{ "[pf0]\nbind = 1\nbind = 2\n", "line 3: bind: written twice" },
		{ "[pf0]\nnetwork = a\nnetwork = b\n", "line 3: network: written twice" },
		{ "[pf0]\nmac.0 = 52:54:00:12:34:56\nmac.0 = 52:54:00:12:34:57\n",
		  "line 3: mac.0: written twice" },
		{ "[pf0]\nmac.0 = 52:54:00:12:34:56\nmac.1 = 52:54:00:12:34:56\n",
		  "[pf0] mac.0 and [pf0] mac.1 are the same" },
		{ "[pf0]\nmac.0 = 52:54:00:12:34:56\n[pf1]\nmac.3 = 52:54:00:12:34:56\n",
		  "[pf0] mac.0 and [pf1] mac.3 are the same" },
	};
	char reason[256], conf_text[512];
	struct conf conf;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		assert_int_equal(read_conf(cases[i].text, &conf, reason), -EINVAL);
		if (!strstr(reason, cases[i].words))
			fail_msg("%s: %s", cases[i].words, reason);
	}
	long_line(conf_text, sizeof(conf_text));
	assert_int_equal(read_conf(conf_text, &conf, reason), -EINVAL);
	assert_non_null(strstr(reason, "line 2: longer than"));
	assert_int_equal(conf_load("/tmp", &conf, reason, sizeof(reason)), -EISDIR);
	assert_non_null(strstr(reason, "directory"));
	assert_int_equal(conf_load("/nosuch/file", &conf, reason, sizeof(reason)), -ENOENT);
}

static void pci_addresses(void **state)
{
	static const char *const bad[] = {
		"", "pf0", "0000:01:10", "0000:01:20.0", "0000:01:10.8", "0000:01:10.0x", " 1:10.0",
		"-1:10.0", "0x1:10.0", "00001:01:10.0", "0000:01:10.0/", "01:10.00",
	};
	char pci[32];
	size_t i;

	(void)state;
	assert_int_equal(pci_address("0000:01:10.0", pci, sizeof(pci)), 0);
	assert_string_equal(pci, "0000:01:10.0");
	assert_int_equal(pci_address("1:10.7", pci, sizeof(pci)), 0);
	assert_string_equal(pci, "0000:01:10.7");
	assert_int_equal(pci_address("000A:0b:1f.2", pci, sizeof(pci)), 0);
	assert_string_equal(pci, "000a:0b:1f.2");
	for (i = 0; i < COUNT(bad); i++)
		assert_int_equal(pci_address(bad[i], pci, sizeof(pci)), -EINVAL);
}

#define WORDS(...)	__VA_ARGS__, sizeof(__VA_ARGS__)

static void command_lines(void **state)
{
	char name[16];

	(void)state;
	cmdline_guest(WORDS("qemu\0-name\0web,process=x\0-m\0" "1"), name, sizeof(name));
	assert_string_equal(name, "web");
	cmdline_guest(WORDS("qemu\0-name\0guest=db,debug-threads=on"), name, sizeof(name));
	assert_string_equal(name, "db");
	cmdline_guest(WORDS("qemu\0-name"), name, sizeof(name));
	assert_string_equal(name, "");
	cmdline_guest("qemu\0-name\0cut", 13, name, sizeof(name));	/* no end */
	assert_string_equal(name, "");
	cmdline_guest(WORDS("qemu\0-name\0a-name-that-is-far-too-long"), name, sizeof(name));
	assert_string_equal(name, "a-name-that-is-");
	cmdline_guest("", 0, name, sizeof(name));
	assert_string_equal(name, "");
	/* what JSON takes: no half of a character, and none that is none */
	cmdline_guest(WORDS("qemu\0-name\0a-name-with-a→b"), name, sizeof(name));
	assert_string_equal(name, "a-name-with-a");
	cmdline_guest(WORDS("qemu\0-name\0M\374ller\33[2J"), name, sizeof(name));
	assert_string_equal(name, "M?ller?[2J");

	assert_true(cmdline_enables_migration(
		WORDS("qemu\0-device\0vfio-pci,host=01:10.0,enable-migration=on"), "0000:01:10.0"));
	assert_true(cmdline_enables_migration(
		WORDS("qemu\0-device\0{\"driver\":\"vfio-pci\",\"host\":\"0000:01:10.0\","
		      "\"enable-migration\":true}"), "0000:01:10.0"));
	assert_false(cmdline_enables_migration(
		WORDS("qemu\0-device\0vfio-pci,host=01:10.0"), "0000:01:10.0"));
	assert_false(cmdline_enables_migration(
		WORDS("qemu\0-device\0vfio-pci,host=01:10.2,enable-migration=on"), "0000:01:10.0"));
	assert_false(cmdline_enables_migration(
		WORDS("qemu\0-device\0vfio-pci,host=01:10.0,enable-migration=off"),
		"0000:01:10.0"));
}

/* A tree like /sys: a PF with an interface and two VFs, one of which has one too */
static char root[] = "/tmp/test-sysfs-XXXXXX";
static char modules[64];

static void put(const char *path, const char *text)
{
	char full[512], *slash;
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", root, path);
	for (slash = full + sizeof(root); (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void put_link(const char *path, const char *to)
{
	char full[512];

	snprintf(full, sizeof(full), "%s/%s", root, path);
	unlink(full);
	put(path, "");
	unlink(full);
	assert_int_equal(symlink(to, full), 0);
}

static int make_tree(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(root));
	sysfs_root = root;
	snprintf(modules, sizeof(modules), "%s/modules", root);
	modules_root = modules;
	put("bus/pci/devices/0000:01:00.0/sriov_totalvfs", "8\n");
	put_link("bus/pci/devices/0000:01:00.0/driver", "../../../bus/pci/drivers/vferry_pf");
	put("bus/pci/devices/0000:01:00.0/net/pf0/x", "");
	put_link("bus/pci/devices/0000:01:00.0/virtfn0", "../0000:01:10.0");
	put_link("bus/pci/devices/0000:01:00.0/virtfn1", "../0000:01:10.2");
	put_link("bus/pci/devices/0000:01:10.0/physfn", "../0000:01:00.0");
	put_link("bus/pci/devices/0000:01:10.0/driver", "../drivers/vferry_vfio");
	put_link("bus/pci/devices/0000:01:10.2/physfn", "../0000:01:00.0");
	put("bus/pci/devices/0000:01:10.2/net/vf1/x", "");
	put("bus/pci/devices/0000:05:00.0/net/eth1/x", "");
	put("class/net/pf0/ifindex", "3\n");
	put_link("class/net/pf0/device", "../../../0000:01:00.0");
	put_link("class/net/vf1/device", "../../../0000:01:10.2");
	put_link("class/net/eth1/device", "../../../0000:05:00.0");
	put("class/net/lo/ifindex", "1\n");
	return 0;
}

static int remove_tree(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

static void names_are_found(void **state)
{
	struct target t, pfs[4];
	char text[64];

	(void)state;
	assert_int_equal(target_find("pf0", &t), 0);
	assert_int_equal(t.vf, -1);
	assert_int_equal(t.ifindex, 3);
	assert_string_equal(t.pf_driver, "vferry_pf");
	assert_int_equal(target_find("01:00.0", &t), 0);
	assert_string_equal(t.pf, "pf0");

	assert_int_equal(target_find("0000:01:10.0", &t), 0);
	assert_int_equal(t.vf, 0);
	assert_string_equal(t.pf, "pf0");
	assert_string_equal(t.vf_driver, "vferry_vfio");
	assert_int_equal(target_find("vf1", &t), 0);
	assert_int_equal(t.vf, 1);
	assert_string_equal(t.vf_netdev, "vf1");
	assert_string_equal(t.vf_driver, "");
	assert_int_equal(target_find("pf0/1", &t), 0);
	assert_string_equal(t.vf_pci, "0000:01:10.2");
	assert_string_equal(target_text(&t, text, sizeof(text)), "pf0 vf 1");
	assert_int_equal(target_find("01:00.0/0", &t), 0);
	assert_string_equal(t.vf_pci, "0000:01:10.0");

	assert_int_equal(sysfs_pfs("vferry_pf", pfs, 4), 1);
	assert_int_equal(sysfs_pfs(NULL, pfs, 4), 1);
	assert_int_equal(sysfs_pfs("igb", pfs, 4), 0);
}

/* What a PF is taken from, and what not. */
static void pf_is_taken_when_nobody_uses_it(void **state)
{
	char path[256], reason[256];
	struct utsname uts;
	struct target pf;

	(void)state;
	uname(&uts);
	snprintf(path, sizeof(path), "modules/%s/modules.dep", uts.release);
	put(path, "kernel/igb.ko.xz: updates/dkms/vferry_pf.ko\n");
	put_link("bus/pci/devices/0000:07:00.0/driver", "../../../bus/pci/drivers/igb");
	put("bus/pci/devices/0000:07:00.0/sriov_totalvfs", "8\n");
	put("bus/pci/devices/0000:07:00.0/sriov_numvfs", "0\n");
	put("bus/pci/devices/0000:07:00.0/net/eth7/x", "");
	put("class/net/eth7/flags", "0x1002\n");
	assert_int_equal(target_find("07:00.0", &pf), 0);

	assert_int_equal(take_possible(&pf, reason, sizeof(reason)), -ENOENT);
	assert_non_null(strstr(reason, "there is no vferry_pf for Linux"));
	assert_non_null(strstr(reason, "install linux-headers-"));
	put(path, "updates/dkms/vferry_pf.ko:\n");
	assert_int_equal(take_possible(&pf, reason, sizeof(reason)), -ENOENT);
	assert_non_null(strstr(reason, "vferry_pf is not loaded"));

	put("bus/pci/drivers/vferry_pf/bind", "");
	assert_int_equal(take_possible(&pf, reason, sizeof(reason)), 0);
	put("class/net/eth7/flags", "0x1003\n");
	assert_int_equal(take_possible(&pf, reason, sizeof(reason)), -EBUSY);
	assert_non_null(strstr(reason, "eth7 is up"));
	put("class/net/eth7/flags", "0x1002\n");
	put("bus/pci/devices/0000:07:00.0/sriov_numvfs", "2\n");
	assert_int_equal(take_possible(&pf, reason, sizeof(reason)), -EBUSY);
	put("bus/pci/devices/0000:07:00.0/sriov_numvfs", "0\n");
	put_link("bus/pci/devices/0000:07:00.0/driver", "../../../bus/pci/drivers/vfio-pci");
	assert_int_equal(target_find("07:00.0", &pf), 0);
	assert_int_equal(take_possible(&pf, reason, sizeof(reason)), -EPERM);
	assert_non_null(strstr(reason, "not taken from vfio-pci"));
}

static void names_are_not_found(void **state)
{
	static const char *const none[] = {
		"", "nosuch", "..", ".", "pf0/2", "pf0/", "pf0/x", "pf0/-1", "vf1/0", "/0", "pf0/1/2",
		"0000:09:00.0", "../../etc", "pf0/99999999999999",
	};
	struct target t;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(none); i++)
		if (target_find(none[i], &t) != -ENODEV)
			fail_msg("\"%s\" was found", none[i]);
	assert_int_equal(target_find("lo", &t), -ENXIO);
	assert_int_equal(target_find("eth1", &t), -ENXIO);
	assert_int_equal(target_find("05:00.0", &t), -ENXIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_conf),
		cmocka_unit_test(bad_conf),
		cmocka_unit_test(example),
		cmocka_unit_test(pci_addresses),
		cmocka_unit_test(command_lines),
		cmocka_unit_test(names_are_found),
		cmocka_unit_test(names_are_not_found),
		cmocka_unit_test(pf_is_taken_when_nobody_uses_it),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
