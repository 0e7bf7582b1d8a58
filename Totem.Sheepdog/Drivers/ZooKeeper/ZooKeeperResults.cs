namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>The outcome of a transaction.</summary>
/// <param name="Created">For each part that created something, its path with its number; empty when
/// the transaction failed.</param>
/// <param name="FailedIndex">Which part failed; -1 when none did, or it is not known.</param>
internal readonly record struct ZooKeeperResults(IReadOnlyList<string> Created, int FailedIndex);
