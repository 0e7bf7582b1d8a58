using System.Net;
using System.Text;

namespace Totem.Platform.Network;

/// <summary>The name by which processes of one host find each other.</summary>
public static class NeighbourName
{
    private const byte UnixFamily = 1;

    /// <summary>
    /// Where the process behind a UDP address listens. The leading zero makes it an abstract name: it lives in the
    /// network namespace as the address does, needs no file, and is gone with the process.
    /// </summary>
    public static byte[] Of(IPEndPoint endPoint)
    {
        const int familyBytes = 2;
        var name = Encoding.ASCII.GetBytes($"\0totem/{endPoint}");
        var address = new byte[familyBytes + name.Length];
        address[0] = UnixFamily; // Only little-endian machines get here.
        name.CopyTo(address.AsSpan(familyBytes));
        return address;
    }
}
