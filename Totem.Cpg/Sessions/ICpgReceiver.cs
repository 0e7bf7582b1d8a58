namespace Totem.Cpg.Sessions;

/// <summary>Takes the events of a handle, on the thread that dispatches. Lists are valid during the call.</summary>
internal interface ICpgReceiver
{
    /// <summary>A message. It does not move, is aligned to 16 bytes, and lies in memory of the system's allocator that
    /// is the receiver's to free.</summary>
    void OnMessage(uint node, uint pid, Span<byte> message);

    void OnChange(ReadOnlySpan<CpgAddress> members, ReadOnlySpan<CpgAddress> left, ReadOnlySpan<CpgAddress> joined);

    void OnRing(CpgRingId id, ReadOnlySpan<uint> members);
}
