namespace Totem.Core.Packing;

/// <summary>
/// The receiving side of the two streams of WIRE §12.5. They outlive rings: a corosync sender goes on with a cut
/// message on the next ring, and those who came along have its beginning. Senders of ours never do,
/// see <see cref="Packer.Reset"/>.
/// </summary>
internal sealed class ReceiveLanes(int messageBytesMax, StreamUse use)
{
    private readonly Unpacker _sync = new(messageBytesMax);
    private readonly Unpacker _regular = new(messageBytesMax);

    /// <summary>Somebody here listens to the services.</summary>
    public bool HasServices => use.Synchronises;

    /// <summary>Members synchronise: packets belong to the stream that is sent meanwhile.</summary>
    public bool IsSynchronising { get; private set; } = use.Synchronises;

    public Unpacker Current => IsSynchronising ? _sync : _regular;

    /// <summary>The next packet is the first of a new ring; those who did not come along start
    /// afresh if they return.</summary>
    public void Restart(ProcessorSet left)
    {
        IsSynchronising = use.Synchronises;
        foreach (var processor in left.AsSpan())
        {
            _sync.Forget(processor);
            _regular.Forget(processor);
        }
    }

    /// <summary>The next packet is the first behind the end of synchronisation.</summary>
    public void EndSynchronisation() => IsSynchronising = false;
}
