// SPDX-License-Identifier: GPL-2.0-or-later
/* Unit test: can a guest be migrated? One set-up that is good, and broken ones. */
#include <errno.h>

#include "hook_known.h"
#include "text.h"
#include "unit.h"
#include "verdict.h"

#include "json_schema.h"

#define PF	"0000:01:00.0"

static const char good[] =
	"{'host':'a','kernel':'6.12.107+deb13-amd64','qemu':'10.0.13','libvirt_hook':'known','iommufd':false,"
	"'vferry_pf':true,'vferry_vfio':true,'manual':false,'family':1,'protocol_min':1,'protocol_max':1,'stream':1,"
	"'pfs':[{'pf':'pf0','pci':'0000:01:00.0','driver':'vferry_pf','nic':'8086:10c9',"
	"'mac':'52:54:00:0a:00:01','network':'lan1','mtu':1500,'up':true,'carrier':true,'vfs':["
	"{'vf':0,'pci':'0000:01:10.0','driver':'vferry_vfio','vlan':0,'iommu_group':true,"
	"'spoofchk':true,'mac':'52:54:00:00:00:01','held':true,'state':'idle','migratable':true,'reason':'',"
	"'protocol':1,'room':{'link':true,'trusted':false,'addresses':3,'address_room':9,"
	"'vlans':[0,100,101],'vlan_room':5,'pf_vlans':[0]},'user':{'pid':77,'name':'qemu','guest':'web','enable_migration':true}}]}]}";

static const char good_there[] =
	"{'host':'b','kernel':'6.12.107','qemu':'10.1.2','libvirt_hook':'idle','iommufd':false,"
	"'vferry_pf':true,'vferry_vfio':true,'manual':false,'family':1,'protocol_min':1,'protocol_max':2,'stream':1,"
	"'pfs':[{'pf':'eth9','pci':'0000:02:00.0','driver':'igb','nic':'8086:10c9','network':'lan1',"
	"'mac':'52:54:00:0b:00:01','mtu':1500,'up':true,'carrier':true,'vfs':[]},"
	"{'pf':'pf7','pci':'0000:03:00.0','driver':'vferry_pf','nic':'8086:10c9',"
	"'mac':'52:54:00:0b:00:02','network':'lan1','mtu':9000,'up':true,'carrier':true,'vfs':["
	"{'vf':0,'pci':'0000:03:10.0','driver':'vferry_vfio','vlan':0,'iommu_group':true,"
	"'mac':'52:54:00:00:00:07','held':true,'state':'idle','migratable':true,'reason':'',"
	"'protocol':1},"
	"{'vf':1,'pci':'0000:03:10.2','driver':'vferry_vfio','vlan':0,'iommu_group':true,"
	"'spoofchk':true,'mac':'52:54:00:00:00:08','held':false,'state':'idle','migratable':false,"
	"'reason':'no driver uses the VF','protocol':0,"
	"'room':{'link':true,'trusted':false,'addresses':0,'address_room':3,'vlans':[],"
	"'vlan_room':1,'pf_vlans':[0,101,7]}}]}]}";

/* Facts from a text with ' for ", in which the first @from has become @to */
static json_t *facts(const char *text, const char *from, const char *to)
{
	char all[8192], *c;
	const char *at = from ? strstr(text, from) : NULL;
	json_t *j;

	if (from)
		assert_non_null(at);
	snprintf(all, sizeof(all), "%.*s%s%s", at ? (int)(at - text) : 0, text, at ? to : "",
		 at ? at + strlen(from) : text);
	for (c = all; *c; c++)
		if (*c == '\'')
			*c = '"';
	j = json_loads(all, 0, NULL);
	assert_non_null(j);
	return j;
}

static const struct check *line(const struct checks *checks, const char *name)
{
	size_t i;

	for (i = 0; i < checks->count; i++)
		if (!strcmp(checks->all[i].name, name))
			return &checks->all[i];
	return NULL;
}

static void expect_fail(const struct checks *checks, const char *name, const char *words)
{
	const struct check *c = line(checks, name);

	assert_non_null(c);
	if (c->verdict != VERDICT_FAIL || !strstr(c->text, words))
		fail_msg("%s: \"%s\" instead of \"%s\"", name, c->text, words);
	assert_true(c->advice[0]);
	assert_false(checks_pass(checks));
}

static void all_good(void **state)
{
	json_t *here = facts(good, NULL, NULL), *there = facts(good_there, NULL, NULL);
	struct checks checks = {};
	struct way way;

	(void)state;
	verdict_here(&checks, here, PF, 0);
	assert_true(checks.count >= 10);
	assert_true(checks_pass(&checks));
	verdict_there(&checks, here, there, PF, 0, NULL, &way);
	assert_true(checks_pass(&checks));
	assert_string_equal(way.pf, "pf7");
	assert_string_equal(way.vf_pci, "0000:03:10.2");
	assert_false(verdict_needs_frame(here, there, PF));
	json_decref(here);
	json_decref(there);
}

static void broken_here(void **state)
{
	static const struct {
		const char *from, *to, *name, *words;
	} cases[] = {
		{ "'6.12.107+deb13-amd64'", "'6.11.99'", "kernel", "6.11.99" },
		{ "'10.0.13'", "null", "qemu", "no QEMU is installed" },
		{ "'10.0.13'", "'10.0.5'", "qemu", "10.0.6 is needed" },
		{ "'10.0.13'", "'10.1.1'", "qemu", "10.1.2 is needed" },
		{ "'10.0.13'", "'9.2.0'", "qemu", "10.0.6 is needed" },
		{ "'vferry_vfio':true", "'vferry_vfio':false", "vfio-module", "not loaded" },
		{ "'known'", "'unknown'", "libvirt-hook", "does not call it" },
		{ "'known'", "'none'", "libvirt-hook", "no hook" },
		{ "'manual':false", "'manual':true", "automation", "by hand" },
		{ "'driver':'vferry_pf'", "'driver':'igb'", "pf-driver", "driven by igb" },
		{ "'driver':'vferry_pf'", "'driver':''", "pf-driver", "driven by nothing" },
		{ "'family':1", "'family':2", "pf-driver", "version 2" },
		{ "'link':true", "'link':false", "pf-link", "has no link" },
		{ "'iommu_group':true", "'iommu_group':false", "iommu", "no IOMMU group" },
		{ "'driver':'vferry_vfio'", "'driver':'vfio-pci'", "vfio-driver", "to vfio-pci" },
		{ "'driver':'vferry_vfio'", "'driver':''", "vfio-driver", "to no driver" },
		{ "'held':true", "'held':false", "user", "no virtual machine" },
		{ "'pid':77", "'pid':0", "user", "not visible" },
		{ "'enable_migration':true", "'enable_migration':false", "enable-migration",
		  "without enable-migration=on" },
		{ "'migratable':true,'reason':''",
		  "'migratable':false,'reason':'guest driver does not speak vferry'", "guest",
		  "does not speak vferry" },
		{ "'migratable':true,'reason':''",
		  "'migratable':false,'reason':'a migration is under way already'", "guest",
		  "under way" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		json_t *here = facts(good, cases[i].from, cases[i].to);
		struct checks checks = {};

		verdict_here(&checks, here, PF, 0);
		expect_fail(&checks, cases[i].name, cases[i].words);
		json_decref(here);
	}
}

/* VFs have the port's link, whether the PF's interface is up or not. */
static void link_of_the_port(void **state)
{
	json_t *here = facts(good, "'up':true,'carrier':true", "'up':false,'carrier':false");
	json_t *older = facts(good, "'room'", "'rooms'");
	struct checks checks = {};

	(void)state;
	verdict_here(&checks, here, PF, 0);
	assert_true(checks_pass(&checks));
	json_decref(here);

	/* a driver that does not tell */
	checks.count = 0;
	verdict_here(&checks, older, PF, 0);
	assert_true(checks_pass(&checks));
	json_object_set_new(json_array_get(json_object_get(older, "pfs"), 0), "carrier",
			    json_false());
	checks.count = 0;
	verdict_here(&checks, older, PF, 0);
	expect_fail(&checks, "pf-link", "has no link");
	json_decref(older);
}

/* Two guests would have one address. */
static void address_left(void **state)
{
	json_t *here = facts(good, "'trusted':false", "'trusted':false,'mac_set':true"), *vf;
	struct checks checks = {};

	(void)state;
	verdict_here(&checks, here, PF, 0);
	assert_null(line(&checks, "address"));
	vf = json_array_get(json_object_get(json_array_get(json_object_get(here, "pfs"), 0), "vfs"), 0);
	json_object_set_new(vf, "held", json_false());
	checks.count = 0;
	verdict_here(&checks, here, PF, 0);
	expect_fail(&checks, "address", "52:54:00:00:00:01 is set for this VF");
	json_decref(here);
}

static void hook_is_known(void **state)
{
	(void)state;
	assert_string_equal(hook_verdict(0, 100), "idle");
	assert_string_equal(hook_verdict(100, 0), "none");
	assert_string_equal(hook_verdict(100, 101), "unknown");
	assert_string_equal(hook_verdict(100, 100), "known");
	assert_string_equal(hook_verdict(101, 100), "known");
}

/* After an update of the kernel without its headers. */
static void no_module_for_the_kernel(void **state)
{
	json_t *here = facts(good, "'driver':'vferry_pf'", "'driver':'igb'");
	struct checks checks = {};

	(void)state;
	verdict_here(&checks, here, PF, 0);
	assert_non_null(strstr(line(&checks, "pf-driver")->advice, "host.conf"));

	json_object_set_new(here, "vferry_pf", json_false());
	memset(&checks, 0, sizeof(checks));
	verdict_here(&checks, here, PF, 0);
	expect_fail(&checks, "pf-driver", "which there is not for Linux 6.12.107+deb13-amd64");
	assert_non_null(strstr(line(&checks, "pf-driver")->advice,
			       "install linux-headers-6.12.107+deb13-amd64"));
	json_decref(here);
}

/* With IOMMUFD QEMU finds out by itself. */
static void iommufd_needs_no_switch(void **state)
{
	json_t *here = facts(good, "'iommufd':false", "'iommufd':true");
	struct checks checks = {};

	(void)state;
	json_object_set_new(json_object_get(json_array_get(json_object_get(json_array_get(
		json_object_get(here, "pfs"), 0), "vfs"), 0), "user"), "enable_migration",
		json_false());
	verdict_here(&checks, here, PF, 0);
	assert_true(checks_pass(&checks));
	json_decref(here);
}

/* What the host here lets the guest do, and the host there does not */
static void policies(void **state)
{
	static const struct {
		const char *mine, *mine_to, *theirs, *theirs_to, *name, *words;
	} cases[] = {
		{ "'spoofchk':true", "'spoofchk':false", NULL, NULL, "there-spoofchk",
		  "off here, on there" },
		{ "'spoofchk':true", "'spoofchk':false", "'spoofchk':true", "'spoofchk':false",
		  "there-spoofchk", NULL },
		{ NULL, NULL, "'spoofchk':true", "'spoofchk':false", "there-spoofchk", NULL },
		{ "'trusted':false", "'trusted':true", NULL, NULL, "there-trust",
		  "trusted here, and not there" },
		{ "'trusted':false", "'trusted':true", "'trusted':false", "'trusted':true",
		  "there-trust", NULL },
		{ NULL, NULL, "'trusted':false", "'trusted':true", "there-trust", NULL },
		/* addresses beside the one that is set */
		{ NULL, NULL, "'trusted':false", "'trusted':false,'mac_set':true", "there-trust",
		  "has 3 addresses beside" },
		{ "'trusted':false", "'trusted':false,'mac_set':true", NULL, NULL, "there-trust",
		  "has 3 addresses beside" },
		{ "'trusted':false,'addresses':3", "'trusted':false,'mac_set':true,'addresses':0",
		  NULL, NULL, "there-trust", NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		json_t *here = facts(good, cases[i].mine, cases[i].mine_to);
		json_t *there = facts(good_there, cases[i].theirs, cases[i].theirs_to);
		struct checks checks = {};
		struct way way;

		verdict_there(&checks, here, there, PF, 0, NULL, &way);
		if (cases[i].words)
			expect_fail(&checks, cases[i].name, cases[i].words);
		else
			assert_int_equal(line(&checks, cases[i].name)->verdict, VERDICT_PASS);
		assert_true(cases[i].words || checks_pass(&checks));
		json_decref(here);
		json_decref(there);
	}
}

/* An older vferry does not tell: that is no reason not to go there. */
static void policies_unknown(void **state)
{
	json_t *here = facts(good, "'spoofchk':true,", "");
	json_t *there = facts(good_there, NULL, NULL);
	struct checks checks = {};
	struct way way;

	(void)state;
	verdict_there(&checks, here, there, PF, 0, NULL, &way);
	assert_null(line(&checks, "there-spoofchk"));
	assert_true(checks_pass(&checks));
	json_decref(here);
	json_decref(there);
}

static void broken_there(void **state)
{
	static const struct {
		const char *from, *to, *name, *words;
	} cases[] = {
		{ "'6.12.107'", "'5.10.0'", "there-kernel", "5.10.0" },
		{ "'10.1.2'", "'10.1.0'", "there-qemu", "10.1.2 is needed" },
		{ "'vferry_vfio':true", "'vferry_vfio':false", "there-vfio-module", "not loaded" },
		{ "'idle'", "'unknown'", "there-libvirt-hook", "does not call it" },
		{ "'protocol_min':1,'protocol_max':2", "'protocol_min':2,'protocol_max':3",
		  "there-protocol", "the other host 2 to 3" },
		{ "'stream':1", "'stream':2", "there-stream", "1 here, 2 there" },
		{ "'network':'lan1','mtu':9000", "'network':'lan2','mtu':9000", "there-network",
		  "lan1" },
		{ "'mtu':9000", "'mtu':1400", "there-mtu", "1500 here, 1400 there" },
		{ "'held':false", "'held':true", "there-vf", "no VF of pf7" },
		{ "'driver':'vferry_vfio','vlan':0,'iommu_group':true,'spoofchk':true,'mac':'52:54:00:00:00:08'",
		  "'driver':'vfio-pci','vlan':0,'iommu_group':true,'mac':'52:54:00:00:00:08'",
		  "there-vf", "no VF of pf7" },
		{ "'vlan':0,'iommu_group':true,'spoofchk':true,'mac':'52:54:00:00:00:08'",
		  "'vlan':5,'iommu_group':true,'mac':'52:54:00:00:00:08'", "there-vlan",
		  "0 here, 5 there" },
		{ "52:54:00:00:00:07", "52:54:00:00:00:01", "there-mac", "in use on pf7 vf 0" },
		{ "52:54:00:0b:00:02", "52:54:00:00:00:01", "there-mac", "is that of pf7 itself" },
		/* what libvirt's hook refuses */
		{ "'held':false", "'held':false,'meant':false", "there-vf", "vf 1: not meant for guests" },
		{ "'held':false", "'held':false,'reserved':'db'", "there-vf", "reserved for domain db" },
		{ "'held':false", "'held':false,'interface':'eth5','interface_up':true", "there-vf",
		  "used by this host as eth5" },
		{ "'iommu_group':true,'spoofchk':true,'mac':'52:54:00:00:00:08'",
		  "'iommu_group':false,'mac':'52:54:00:00:00:08'", "there-vf", "without an IOMMU" },
		{ "'room':{'link':true", "'room':{'link':false", "there-vf", "pf7 has no link" },
		{ "'held':false,'state':'idle'", "'held':false,'state':'suspended'", "there-vf",
		  "a migration is under way" },
		{ "'room':{'link':true", "'room':{'link':false", "there-link", "no link" },
		{ "'driver':'vferry_pf'", "'driver':'igb'", "there-pf-driver", "drives no such PF" },
		{ "'address_room':3", "'address_room':2", "there-room",
		  "3 further addresses, there is room for 2" },
		{ "'vlan_room':1", "'vlan_room':0", "there-room", "in 1 VLANs" },
		{ "'pf_vlans':[0,101,7]", "'pf_vlans':[7]", "there-room", "in 2 VLANs" },
	};
	json_t *here = facts(good, NULL, NULL);
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		json_t *there = facts(good_there, cases[i].from, cases[i].to);
		struct checks checks = {};
		struct way way;

		verdict_there(&checks, here, there, PF, 0, NULL, &way);
		expect_fail(&checks, cases[i].name, cases[i].words);
		json_decref(there);
	}
	json_decref(here);
}

/* Without labels only a frame that was heard tells. */
static void frames(void **state)
{
	json_t *here = facts(good, "'network':'lan1'", "'network':''");
	json_t *there = facts(good_there, NULL, NULL);
	struct checks checks = {};
	struct way way;

	(void)state;
	assert_true(verdict_needs_frame(here, there, PF));
	verdict_there(&checks, here, there, PF, 0, "pf7", &way);
	assert_true(checks_pass(&checks));
	assert_string_equal(way.pf, "pf7");
	checks.count = 0;
	verdict_there(&checks, here, there, PF, 0, "", &way);
	expect_fail(&checks, "there-network", "has heard a frame");
	assert_string_equal(way.vf_pci, "");
	json_decref(here);
	json_decref(there);
}

/* Facts that are nonsense pass nothing, and break nothing. */
static void nonsense(void **state)
{
	static const char *const texts[] = {
		"{}", "{'pfs':7}", "{'pfs':[7,null,{}]}", "{'pfs':[{'vfs':[7]}],'kernel':7}",
	};
	json_t *here = facts(good, NULL, NULL);
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(texts); i++) {
		json_t *there = facts(texts[i], NULL, NULL);
		struct checks checks = {};
		struct way way;

		verdict_there(&checks, here, there, PF, 0, NULL, &way);
		expect_fail(&checks, "there-kernel", "Linux ?");
		expect_fail(&checks, "there-nic", "8086:10c9");
		checks.count = 0;
		verdict_here(&checks, there, PF, 0);
		expect_fail(&checks, "pf-driver", "driven by nothing");
		json_decref(there);
	}
	json_decref(here);
}

/* What the other host says does not reach a terminal as commands. */
static void words_of_the_other_host(void **state)
{
	json_t *here = facts(good, NULL, NULL);
	json_t *there = facts(good_there, "'pf':'pf7'", "'pf':'\\u001b[2Jpf7\\u009b'");
	struct checks checks = {};
	struct way way;
	size_t i;

	(void)state;
	verdict_there(&checks, here, there, PF, 0, NULL, &way);
	for (i = 0; i < checks.count; i++)
		assert_true(text_is_clean(checks.all[i].text));
	assert_string_equal(way.pf, "?[2Jpf7?");
	json_decref(here);
	json_decref(there);
}

static void versions(void **state)
{
	const char *why;

	(void)state;
	assert_int_equal(qemu_version_ok("10.0.6", &why), 0);
	assert_int_equal(qemu_version_ok("10.1.2", &why), 0);
	assert_int_equal(qemu_version_ok("10.2.0", &why), 0);
	assert_int_equal(qemu_version_ok("11.0.0", &why), 0);
	assert_int_equal(qemu_version_ok("", &why), -EINVAL);
	assert_int_equal(qemu_version_ok("new", &why), -EINVAL);
	assert_int_equal(kernel_version_ok("6.12.0"), 0);
	assert_int_equal(kernel_version_ok("7.0"), 0);
	assert_int_equal(kernel_version_ok("6.9.12"), -EINVAL);
	assert_int_equal(kernel_version_ok("x"), -EINVAL);
}

static void lines_as_json(void **state)
{
	struct checks checks = {};

	(void)state;
	check_add(&checks, "one", VERDICT_PASS, "", "good");
	check_add(&checks, "two", VERDICT_FAIL, "do this", "%s", "bad");
	check_add(&checks, "three", VERDICT_SKIP, "", "-");
	assert_false(checks_pass(&checks));
	assert_true(fits_schema(json_pack("{s:s, s:s, s:i, s:s, s:b, s:o}", "pf", "pf0", "pf_pci",
					  PF, "vf", 0, "vf_pci", "0000:01:10.0", "pass", 0,
					  "checks", checks_json(&checks)), "check"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_good),
		cmocka_unit_test(broken_here),
		cmocka_unit_test(link_of_the_port),
		cmocka_unit_test(address_left),
		cmocka_unit_test(hook_is_known),
		cmocka_unit_test(no_module_for_the_kernel),
		cmocka_unit_test(iommufd_needs_no_switch),
		cmocka_unit_test(broken_there),
		cmocka_unit_test(policies),
		cmocka_unit_test(policies_unknown),
		cmocka_unit_test(frames),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(words_of_the_other_host),
		cmocka_unit_test(versions),
		cmocka_unit_test(lines_as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
