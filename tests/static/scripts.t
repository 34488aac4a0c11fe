# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every script parses, and every file of ours begins with its licence.
echo 1..3
. tests/tap.sh

ours=$(find .ci agent tests pfdrv vfdrv qemu-hooks include Makefile Kbuild install.mk -type f \
	! -path '*/corpus/*' ! -path '*/__pycache__/*' ! -name '.*' ! -name '*.o' ! -name '*.ko' \
	! -name '*.mod' ! -name '*.mod.c' ! -name '*.cmd' ! -name 'modules.order' \
	! -name 'Module.symvers' ! -name '*.md' ! -name '*.json' ! -name '*.png' ! -name packages)

result "Python compiles" "$(PYTHONPYCACHEPREFIX=/tmp/pycache python3 -m py_compile \
	$(grep -lE '^#!.*python|^"""' $ours | grep -vE '\.(c|h|sh)$') 2>&1)"
result "shell scripts parse" "$(for file in $(grep -lE '^#!.*sh$' $ours) $(find tests -name '*.t'); do
	sh -n "$file" 2>&1
done)"
result "every file names its licence in its first two lines" "$(for file in $ours; do
	head -n 2 "$file" | grep -q 'SPDX-License-Identifier: GPL-2.0' || echo "$file"
done)"
