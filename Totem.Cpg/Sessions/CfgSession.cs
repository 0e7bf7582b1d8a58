using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Totem.Cpg.Ring;

namespace Totem.Cpg.Sessions;

/// <summary>One handle of libcfg. It has no events: its descriptor becomes readable only when the
/// ring member has stopped.</summary>
internal sealed class CfgSession : ICpgRingSink, IDisposable
{
    /// <summary>The figures that the original reports for udp and udpu.</summary>
    public const uint LinkMtu = 1410;

    /// <summary>The longest reason, its end mark included.</summary>
    public const int ReasonBytesMax = 256;

    private readonly ICpgRing _ring;
    private readonly EventQueue _events;

    /// <exception cref="System.ComponentModel.Win32Exception">There are no descriptors left.</exception>
    public CfgSession(ICpgRing ring)
    {
        _ring = ring;
        _events = new EventQueue(CpgLimits.MaxWaitingBytes, ring.Resume);
        ring.Watch(this);
    }

    public int Descriptor => _events.Descriptor;

    /// <summary>The queue of events: empty, or at its end.</summary>
    public EventQueue Events => _events;

    /// <summary>Takes the next event, of which there is none.</summary>
    public CsError Take() => _events.TryTake(out _) switch
    {
        TakeResult.Empty => CsError.TryAgain,
        TakeResult.Failed => CsError.Library,
        _ => CsError.BadHandle,
    };

    public CsError LocalNode(out uint node)
    {
        node = _ring.LocalNode;
        return State();
    }

    /// <summary>The one link and its state, as texts.</summary>
    public CsError RingStatus(out string name, out string status)
    {
        (name, status) = ("", "OK");
        if (Find(_ring.LocalNode) is { } self)
            name = string.Create(CultureInfo.InvariantCulture, $"0 {self.EndPoint.Address}");
        return State();
    }

    /// <summary>The facts known of a node; zeros for one that nobody knows. Unlike the original's on udp and udpu,
    /// reachable means that it is in the ring.</summary>
    public CsError NodeStatus(uint node, int version, out CfgNodeStatus status)
    {
        status = default;
        if (version != CfgNodeStatus.Version1)
            return CsError.InvalidParameter;
        (status.Version, status.Node) = (CfgNodeStatus.Version1, node);
        if (Find(node) is not { } known)
            return State();
        status.Reachable = _ring.Current.Members.Contains(node) ? (byte)1 : (byte)0;
        ref var link = ref status.Link[0];
        link.Enabled = 1;
        link.Connected = status.Reachable;
        link.Mtu = LinkMtu;
        Encoding.ASCII.GetBytes(known.EndPoint.Address.ToString(), link.Source);
        return State();
    }

    /// <summary>The address of a node, 0 for this one.</summary>
    public CsError NodeAddress(uint node, out CfgNodeAddress address)
    {
        address = default;
        if (State() is not CsError.Ok and var error)
            return error;
        if (Find(node == 0 ? _ring.LocalNode : node) is not { } known)
            return CsError.NotExist;
        var bytes = known.EndPoint.Address.GetAddressBytes();
        var isVersion4 = known.EndPoint.AddressFamily == AddressFamily.InterNetwork;
        // struct sockaddr_in and sockaddr_in6: the family in the host's order, the port 0.
        address.Length = isVersion4 ? 16 : 28;
        BinaryPrimitives.WriteUInt16LittleEndian(address.Address, isVersion4 ? (ushort)2 : (ushort)10);
        bytes.CopyTo(address.Address[(isVersion4 ? 4 : 8)..]);
        return CsError.Ok;
    }

    /// <summary>There is no daemon to end at a node: who is not a member is not there, and of the
    /// others none is killed.</summary>
    public CsError KillNode(uint node, int reasonBytes)
    {
        if (reasonBytes >= ReasonBytesMax)
            return CsError.NameTooLong;
        if (State() is not CsError.Ok and var error)
            return error;
        return _ring.Current.Members.Contains(node) ? CsError.NotSupported : CsError.NotExist;
    }

    /// <summary>A call that needs nothing but a ring that runs.</summary>
    public CsError State() => _ring.Failure is null ? CsError.Ok : CsError.Library;

    /// <returns>The answer to finalising: the handle is gone in any case.</returns>
    public CsError Finish()
    {
        var state = State();
        Dispose();
        return state;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _ring.Unwatch(this);
        _events.Dispose();
    }

    /// <inheritdoc />
    void ICpgRingSink.OnRing(CpgRingView ring)
    {
    }

    /// <inheritdoc />
    void ICpgRingSink.OnFailed() => _events.Fail();

    private CpgRingNode? Find(uint node) => _ring.Nodes.FirstOrDefault(candidate => candidate.Id == node);
}
