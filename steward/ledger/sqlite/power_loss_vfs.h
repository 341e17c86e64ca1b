#pragma once

namespace steward::ledger {

/// Registers the SQLite VFS "power-loss", for tests: what is written stays in this process's memory until it is synced, so that killing
/// the process loses every unsynced write, as a power cut may. Safe to call more than once.
void register_power_loss_vfs();

}  // namespace steward::ledger
