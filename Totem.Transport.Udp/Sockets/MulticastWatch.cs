using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Totem.Core.Time;
using Totem.Platform.Network;
using Totem.Transport.Udp.Host;

namespace Totem.Transport.Udp.Sockets;

/// <summary>The result of a look at the group's membership.</summary>
internal enum MulticastChange
{
    None,

    /// <summary>No interface has our address any more.</summary>
    Gone,

    /// <summary>The interface is there again, with our membership.</summary>
    Back,

    /// <summary>Another interface has our address, and is in the group now.</summary>
    JoinedAgain,
}

/// <summary>
/// Keeps a multicast ring's sockets in their group. The kernel forgets a membership with its interface, and one that is
/// made anew under the same name and address (a container's network, a driver that is loaded again, a bond) is another
/// interface to it. So we ask to be let in again every second: mostly the answer is that we are in. That takes one
/// system call, and no right to watch interfaces. The ring's thread.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe partial class MulticastWatch
{
    private const int EADDRINUSE = 98;
    private const int ENODEV = 19;
    private const int IP_MULTICAST_IF = 32;
    private const int IP_ADD_MEMBERSHIP = 35;
    private const int IP_DROP_MEMBERSHIP = 36;
    private const int IPV6_MULTICAST_IF = 17;
    private const int IPV6_ADD_MEMBERSHIP = 20;
    private const int IPV6_DROP_MEMBERSHIP = 21;
    private const int InterfaceNameBytes = 16;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Socket _sender;
    private readonly Socket _receiver;
    private readonly IPAddress _group;
    private readonly IPAddress _local;
    private int _interface;
    private bool _isGone;
    private Instant _next;

    /// <param name="sender">Sends to the group.</param>
    /// <param name="receiver">Is in the group.</param>
    /// <param name="group">A multicast address.</param>
    /// <param name="local">The address of our interface.</param>
    public MulticastWatch(Socket sender, Socket receiver, IPAddress group, IPAddress local)
    {
        (_sender, _receiver, _group, _local) = (sender, receiver, group, local);
        _interface = FindInterface(local);
    }

    /// <summary>Looks, if it is time to.</summary>
    /// <param name="now">The time.</param>
    /// <param name="next">When to call again.</param>
    public MulticastChange Check(Instant now, out Instant next)
    {
        var change = MulticastChange.None;
        if (now >= _next)
        {
            _next = now + Interval;
            change = _group.AddressFamily == AddressFamily.InterNetwork ? CheckVersion4() : CheckVersion6();
            _isGone = change == MulticastChange.Gone || (_isGone && change == MulticastChange.None);
        }

        next = _next;
        return change;
    }

    private MulticastChange CheckVersion4()
    {
        switch (Join4())
        {
            case EADDRINUSE:
                return _isGone ? MulticastChange.Back : MulticastChange.None;
            case 0:
                break;
            case ENODEV:
                return _isGone ? MulticastChange.None : MulticastChange.Gone;
            default:
                // As many memberships as there may be: the old one goes first.
                Drop4();
                if (Join4() != 0)
                    return MulticastChange.None;
                _interface = 0;
                break;
        }

        Drop4();
        _interface = FindInterface(_local);
        var address = Address(_local);
        Set(_sender, LinuxNative.SOL_IP, IP_MULTICAST_IF, &address, sizeof(uint));
        return MulticastChange.JoinedAgain;
    }

    private int Join4()
    {
        var request = new Request4 { Group = Address(_group), Local = Address(_local) };
        return Set(_receiver, LinuxNative.SOL_IP, IP_ADD_MEMBERSHIP, &request, (uint)sizeof(Request4));
    }

    /// <summary>The membership of the interface that was counts until it is given up, gone or not.</summary>
    private void Drop4()
    {
        if (_interface == 0)
            return;
        var request = new Request4 { Group = Address(_group), Local = Address(_local), Interface = _interface };
        Set(_receiver, LinuxNative.SOL_IP, IP_DROP_MEMBERSHIP, &request, (uint)sizeof(Request4));
    }

    private MulticastChange CheckVersion6()
    {
        var name = stackalloc byte[InterfaceNameBytes];
        if (_interface != 0 && IndexToName((uint)_interface, name) != null)
            return MulticastChange.None;
        var found = FindInterface(_local);
        if (found == 0)
            return _isGone ? MulticastChange.None : MulticastChange.Gone;
        var request = new Request6 { Interface = _interface };
        _group.TryWriteBytes(new Span<byte>(request.Group, 16), out _);
        Set(_receiver, LinuxNative.SOL_IPV6, IPV6_DROP_MEMBERSHIP, &request, (uint)sizeof(Request6));
        request.Interface = found;
        if (Set(_receiver, LinuxNative.SOL_IPV6, IPV6_ADD_MEMBERSHIP, &request, (uint)sizeof(Request6)) is not (0
            or EADDRINUSE))
            return MulticastChange.None;
        Set(_sender, LinuxNative.SOL_IPV6, IPV6_MULTICAST_IF, &found, sizeof(int));
        _interface = found;
        return MulticastChange.JoinedAgain;
    }

    /// <returns>The index of the interface with this address; 0 when there is none, or nobody may know.</returns>
    private static int FindInterface(IPAddress local)
    {
        if (local.AddressFamily == AddressFamily.InterNetworkV6)
            return HostAddresses.InterfaceIndex(local) ?? 0;
        var found = HostAddresses.TryList()?.FirstOrDefault(
            x => x.Address.GetAddressBytes().AsSpan().SequenceEqual(local.GetAddressBytes()));
        return found?.Interface is { } known ? NameToIndex(known.Name) : 0;
    }

    private static uint Address(IPAddress address) => BitConverter.ToUInt32(address.GetAddressBytes());

    private static int Set(Socket socket, int level, int name, void* value, uint length) =>
        LinuxNative.TrySetOption((int)socket.SafeHandle.DangerousGetHandle(), level, name, value, length) ? 0
            : Marshal.GetLastPInvokeError();

    [LibraryImport("libc", EntryPoint = "if_indextoname")]
    private static partial byte* IndexToName(uint index, byte* name);

    [LibraryImport("libc", EntryPoint = "if_nametoindex", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NameToIndex(string name);

    /// <summary>struct ip_mreqn.</summary>
    private struct Request4
    {
        public uint Group;
        public uint Local;
        public int Interface;
    }

    /// <summary>struct ipv6_mreq.</summary>
    private struct Request6
    {
        public fixed byte Group[16];
        public int Interface;
    }
}
