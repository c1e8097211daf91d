/* SPDX-License-Identifier: Apache-2.0 */
/* The documents that test_formats.c expects. */
#ifndef TESTS_UNIT_REPORT_EXPECTED_H
#define TESTS_UNIT_REPORT_EXPECTED_H

extern const char expected_cyclonedx[];
extern const char expected_cyclonedx_vulnerabilities[];
extern const char expected_spdx[];
extern const char expected_sarif[];
extern const char expected_openvex[];
extern const char expected_trivy[];

#endif
