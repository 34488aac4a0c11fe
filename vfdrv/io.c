// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access to registers: one load and one store for all of the driver.
 *
 * SUSPEND and RESUME run with everything cold: RESUME's code has never run on its host before.
 * The fewer places it has, the sooner it is through; most of all where an emulator has
 * to translate each place that turns out to touch a register on its own.
 */
#include "vvf.h"

/**
 * vvf_read() - read a register
 * @vvf: device
 * @reg: offset
 *
 * Return: its value; %VVF_GONE, maybe: the device is gone.
 */
noinline u32 vvf_read(const struct vvf *vvf, u32 reg)
{
	return readl(vvf->bar + reg);
}

/**
 * vvf_write() - write a register
 * @vvf: device
 * @reg: offset
 * @value: value
 */
noinline void vvf_write(const struct vvf *vvf, u32 reg, u32 value)
{
	writel(value, vvf->bar + reg);
}

/**
 * vvf_program() - write registers, in order
 * @vvf: device
 * @settings: registers and their values
 * @count: how many
 */
void vvf_program(const struct vvf *vvf, const struct vvf_setting *settings, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		vvf_write(vvf, settings[i].reg, settings[i].value);
}
