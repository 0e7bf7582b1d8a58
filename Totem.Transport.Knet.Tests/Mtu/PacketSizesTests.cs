using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Mtu;
using Totem.Transport.Knet.Wire;

namespace Totem.Transport.Knet.Tests.Mtu;

/// <summary>The table of KNET §11.4, whose marked cells were measured on real rings.</summary>
public sealed class PacketSizesTests
{
    private const int LargestMessage = 65_491;

    [Theory]
    [InlineData("None", "None", 1446, 1488, 1500, 46, 8946, 8988, 9000, 1426, 1488, 1500)]
    [InlineData("None", "Sha1", 1426, 1488, 1500, 46, 8926, 8988, 9000, 1406, 1488, 1500)]
    [InlineData("None", "Sha256", 1414, 1488, 1500, 47, 8914, 8988, 9000, 1394, 1488, 1500)]
    [InlineData("Aes128", "Md5", 1413, 1500, 1500, 47, 8901, 8988, 8988, 1381, 1488, 1488)]
    [InlineData("Aes128", "Sha1", 1397, 1488, 1488, 47, 8901, 8992, 8992, 1381, 1492, 1492)]
    [InlineData("Aes256", "Sha256", 1397, 1500, 1500, 47, 8885, 8988, 8988, 1365, 1488, 1488)]
    [InlineData("Aes256", "Sha384", 1381, 1500, 1500, 48, 8869, 8988, 8988, 1349, 1488, 1488)]
    [InlineData("Aes192", "Sha512", 1365, 1500, 1500, 48, 8853, 8988, 8988, 1333, 1488, 1488)]
    public void Sizes_are_libknets(
        string cipher, string hash, int data, int full, int probe, int packets, int jumboData, int jumboFull,
        int jumboProbe,
        int data6, int full6, int probe6)
    {
        var shape = new CipherSuite(Enum.Parse<KnetCipher>(cipher), Enum.Parse<KnetHash>(hash)).Shape;

        AssertSizes(1500, isIPv6: false, (data, full, probe));
        AssertSizes(9000, isIPv6: false, (jumboData, jumboFull, jumboProbe));
        AssertSizes(1500, isIPv6: true, (data6, full6, probe6));
        Assert.Equal(packets, (LargestMessage + data - 1) / data);

        void AssertSizes(int mtu, bool isIPv6, (int Data, int Full, int Probe) expected)
        {
            var bytes = PacketSizes.DataBytes(mtu, isIPv6, shape);
            var fullBytes = PacketSizes.IpHeaderBytes(isIPv6) + shape.SealedBytes(bytes + KnetFormat.DataHeaderBytes);
            Assert.Equal(expected, (bytes, fullBytes, PacketSizes.ProbeIpBytes(mtu, isIPv6, shape)));
        }
    }

    /// <summary>KNET §11.4, below the table: UDP payloads of a ping, an answer to a probe, an empty token.</summary>
    [Theory]
    [InlineData("None", "None", 26, 9, 71)]
    [InlineData("None", "Sha1", 46, 29, 91)]
    [InlineData("Aes256", "Sha256", 80, 64, 128)]
    [InlineData("Aes256", "Sha512", 112, 96, 160)]
    public void Small_packets_are_as_long_as_libknets(string cipher, string hash, int ping, int reply, int token)
    {
        var shape = new CipherSuite(Enum.Parse<KnetCipher>(cipher), Enum.Parse<KnetHash>(hash)).Shape;
        Assert.Equal((ping, reply, token), (
            shape.SealedBytes(KnetFormat.PingBytes), shape.SealedBytes(KnetFormat.ProbeHeaderBytes),
            shape.SealedBytes(KnetFormat.DataHeaderBytes + 57)));
    }

    [Fact]
    public void The_smallest_piece_is_libknets()
    {
        Assert.Equal(482, PacketSizes.DataBytesMin(CipherSuite.Clear.Shape));
        Assert.Equal(421, PacketSizes.DataBytesMin(new CipherSuite(KnetCipher.Aes256, KnetHash.Sha256).Shape));
    }

    /// <summary>A message never needs more fragments than a receiver takes, whatever seals it.</summary>
    [Fact]
    public void The_largest_message_fits_the_number_of_fragments()
    {
        foreach (var cipher in Enum.GetValues<KnetCipher>())
        {
            foreach (var hash in Enum.GetValues<KnetHash>().Where(x => new CipherSuite(cipher, x).IsValid))
            {
                var unit = PacketSizes.DataBytesMin(new CipherSuite(cipher, hash).Shape);
                Assert.InRange((KnetFormat.MessageBytesMax + unit - 1) / unit, 1, KnetFormat.FragmentCountMax);
            }
        }
    }
}
