namespace Totem.Cpg.Sessions;

/// <summary>The application's callbacks, on the thread that dispatches. What they are given is valid during the call.</summary>
internal interface ICpgReceiver
{
    /// <summary>Comes before everything else: the group that is meant.</summary>
    void Joining(ReadOnlySpan<byte> group);

    /// <summary>A message; the application may write into it. It does not move, and is aligned to 8 bytes.</summary>
    void OnMessage(uint node, uint pid, Span<byte> message);

    void OnChange(ReadOnlySpan<CpgAddress> members, ReadOnlySpan<CpgAddress> left, ReadOnlySpan<CpgAddress> joined);

    void OnRing(CpgRingId id, ReadOnlySpan<uint> members);
}
