// SPDX-License-Identifier: MIT
/*
 * Claim: what main() returns is left for the toolstack in data/exit-status, and the domain powers off.
 */
int main(void)
{
    return 42;
}
