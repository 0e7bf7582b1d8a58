using System.Xml.Linq;

namespace Totem.Tests.Tidy;

/// <summary>Which project may use which.</summary>
public sealed class ProjectTests
{
    /// <summary>The table of docs/design/architecture.md. A project that is not in it has no place yet.</summary>
    private static readonly Dictionary<string, string[]> MayReference = new(StringComparer.Ordinal)
    {
        ["Totem.Core"] = [],
        ["Totem.Platform"] = [],
        ["Totem.CommandLine"] = [],
        ["Totem.Transport.Knet"] = ["Totem.Core"],
        ["Totem.Transport.Udp"] = ["Totem.Core", "Totem.Platform", "Totem.Transport.Knet"],
        ["Totem"] = ["Totem.Core", "Totem.Transport.Udp"],
        ["Totem.Hosting"] = ["Totem.Core", "Totem.Transport.Udp"],
        ["Totem.Simulation"] = ["Totem.Core", "Totem.Transport.Knet"],
        ["Totem.Sheepdog"] = ["Totem.Core", "Totem.Platform", "Totem.Transport.Udp"],
        ["Totem.Accord"] = ["Totem.Core"],
        ["Totem.Accord.Server"] = ["Totem.Accord", "Totem.Core", "Totem.Transport.Udp"],
        ["Totem.Accord.Tests"] =
            ["Totem.Accord", "Totem.Accord.Server", "Totem.Core", "Totem.Simulation", "Totem.Transport.Udp"],
        ["Totem.Cli"] = ["Totem.Accord.Server", "Totem.CommandLine", "Totem.Core", "Totem.Platform",
            "Totem.Transport.Udp", "Totem.Simulation",
            "Totem.Sheepdog"],
        ["Totem.Cpg"] = ["Totem.Core", "Totem.Platform", "Totem.Transport.Udp"],
        ["Totem.Sheepdog.Native"] = ["Totem.Platform", "Totem.Sheepdog"],
        ["Totem.Bench"] =
            ["Totem.CommandLine", "Totem.Core", "Totem.Platform", "Totem.Transport.Udp", "Totem.Sheepdog"],
        ["Totem.Tests"] =
            ["Totem.CommandLine", "Totem.Core", "Totem.Platform", "Totem.Transport.Knet", "Totem.Transport.Udp",
                "Totem.Hosting", "Totem.Simulation", "Totem.Cli",
             "Totem.Cpg", "Totem.Sheepdog", "Totem.Sheepdog.Native", "Totem.Bench", "Hello", "Inventory", "Primary"],
        ["Totem.Transport.Knet.Tests"] = ["Totem.Core", "Totem.Transport.Knet", "Totem.Simulation"],
        ["Totem.Hosting.Tests"] = ["Totem.Hosting", "Service"],
        ["Totem.Operation.Tests"] =
            ["Totem.CommandLine", "Totem.Core", "Totem.Transport.Udp", "Totem.Cli"],
        ["Totem.Transport.Udp.Tests"] = ["Totem.Core", "Totem.Transport.Knet", "Totem.Transport.Udp"],
        ["Hello"] = ["Totem.Transport.Udp"],
        ["Inventory"] = ["Totem.Transport.Udp"],
        ["Primary"] = ["Totem.Transport.Udp"],
        ["Service"] = ["Totem.Hosting"],
    };

    public static TheoryData<string> Projects => [.. Repository.ProjectFiles];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_references_what_the_table_lets_it(string projectFile)
    {
        var name = Path.GetFileNameWithoutExtension(projectFile);
        Assert.True(MayReference.ContainsKey(name), $"{projectFile} is not in the table of projects");

        var references = Items(projectFile, "ProjectReference")
            .Select(x => Path.GetFileNameWithoutExtension(x.Attribute("Include")!.Value.Replace('\\', '/')));
        Assert.Empty(references.Except(MayReference[name], StringComparer.Ordinal));
    }

    [Fact]
    public void Every_project_of_the_table_exists() =>
        Assert.Equal(
            MayReference.Keys.Order(StringComparer.Ordinal),
            Repository.ProjectFiles.Select(x => Path.GetFileNameWithoutExtension(x)).Order(StringComparer.Ordinal));

    [Fact]
    public void The_core_has_no_package_but_analyzers()
    {
        var packages = Items("Totem.Core/Totem.Core.csproj", "PackageReference").ToList();
        Assert.NotEmpty(packages);
        Assert.All(packages, x => Assert.Equal("all", x.Attribute("PrivateAssets")?.Value));
        Assert.All(
            typeof(Totem.Core.RingProcessor).Assembly.GetReferencedAssemblies(),
            x => Assert.StartsWith("System.", x.Name, StringComparison.Ordinal));
    }

    /// <summary>
    /// The simulator drives the core and kronosnet step by step, kronosnet and Accord take the core's clock and
    /// assertions, the sockets carry kronosnet, and Accord's server carries its machine; tests and measurements look
    /// inside. Every other project does with what is public.
    /// </summary>
    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_opens_its_inside_to_tests_alone(string projectFile)
    {
        string[] tests =
        [
            "Totem.Tests", "Totem.Bench", "Totem.Transport.Knet.Tests", "Totem.Operation.Tests",
            "Totem.Transport.Udp.Tests", "Totem.Accord.Tests",
        ];
        string[] mayLookInside = projectFile == "Totem.Core/Totem.Core.csproj"
            ? [.. tests, "Totem.Simulation", "Totem.Transport.Knet", "Totem.Accord"]
            : projectFile == "Totem.Transport.Knet/Totem.Transport.Knet.csproj"
            ? [.. tests, "Totem.Simulation", "Totem.Transport.Udp"]
            : projectFile == "Totem.Accord/Totem.Accord.csproj" ? [.. tests, "Totem.Accord.Server"] : tests;
        Assert.Empty(Items(projectFile, "InternalsVisibleTo").Select(x => x.Attribute("Include")!.Value)
            .Except(mayLookInside, StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Every_project_is_in_the_solution(string projectFile) =>
        Assert.Contains($"\"{projectFile.Replace('/', '\\')}\"", Repository.Read("totem.sln"),
            StringComparison.Ordinal);

    private static IEnumerable<XElement> Items(string projectFile, string item) =>
        XDocument.Load(Repository.FullPath(projectFile)).Descendants(item);
}
