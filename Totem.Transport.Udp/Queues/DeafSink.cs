namespace Totem.Transport.Udp.Queues;

/// <summary>Stands where the stream of a process is that only sends. It always has room, so it
/// holds nobody back.</summary>
internal sealed class DeafSink : IGroupSink
{
    /// <summary>The one there is: it keeps nothing.</summary>
    public static readonly DeafSink Instance = new();

    public bool HasRoom => true;

    public void OnDelivery(in GroupDelivery delivery)
    {
        // The group has noted the membership already.
    }
}
