namespace Totem.Transport.Knet.Diagnostics;

/// <summary>How often each thing happened. Read by the machine's thread.</summary>
internal sealed class KnetCounters
{
    private readonly long[] _discards = new long[Enum.GetValues<KnetDiscard>().Length];

    /// <summary>Packets handed to the host, each counted once however many destinations it has.</summary>
    public long PacketsSealed { get; set; }

    /// <summary>Messages handed up.</summary>
    public long Delivered { get; set; }

    /// <summary>Messages sent.</summary>
    public long Sent { get; set; }

    public long this[KnetDiscard reason] => _discards[(int)reason];

    public long Discarded => _discards.Sum();

    public void Count(KnetDiscard reason) => _discards[(int)reason]++;
}
