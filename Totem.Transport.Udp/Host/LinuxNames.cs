using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Totem.Transport.Udp.Host;

/// <summary>
/// The system's resolver itself. .NET's adds every address of every interface to this host's own name, so that a host
/// would know itself by other addresses than its peers do.
/// </summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class LinuxNames
{
    private const int Version4 = 2;
    private const int Version6 = 10;
    private const int Datagrams = 2;
    private const int Udp = 17;

    /// <summary>The addresses of a name or literal, in the resolver's order.</summary>
    /// <returns>Empty when there are none.</returns>
    public static IReadOnlyList<IPAddress> Resolve(string nameOrAddress)
    {
        if (nameOrAddress.Length == 0 || nameOrAddress.Contains('\0', StringComparison.Ordinal))
            return [];
        var hints = new AddressInfo { SocketType = Datagrams, Protocol = Udp };
        AddressInfo* first;
        if (GetAddressInfo(nameOrAddress, 0, &hints, &first) != 0)
            return [];
        var addresses = new List<IPAddress>();
        for (var one = first; one != null; one = one->Next)
        {
            if (one->Family == Version4)
                addresses.Add(new IPAddress(new ReadOnlySpan<byte>(one->Address + 4, 4)));
            else if (one->Family == Version6)
                addresses.Add(new IPAddress(new ReadOnlySpan<byte>(one->Address + 8, 16), *(uint*)(one->Address + 24)));
        }

        FreeAddressInfo(first);
        return addresses;
    }

    [LibraryImport("libc", EntryPoint = "getaddrinfo", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int GetAddressInfo(string node, nint service, AddressInfo* hints, AddressInfo** found);

    [LibraryImport("libc", EntryPoint = "freeaddrinfo")]
    private static partial void FreeAddressInfo(AddressInfo* found);

    /// <summary>struct addrinfo.</summary>
    private struct AddressInfo
    {
        public int Flags;
        public int Family;
        public int SocketType;
        public int Protocol;
        public uint AddressLength;
        public byte* Address;
        public byte* CanonicalName;
        public AddressInfo* Next;
    }
}
